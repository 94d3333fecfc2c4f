import { useId } from 'react'

interface Offer<Value extends string> {
  readonly value: Value
  readonly label: string
}

/** A few values side by side, one of which is chosen. */
export function Choice<const Value extends string>(props: {
  /** What is chosen; read out. */
  readonly label: string
  readonly offers: readonly Offer<Value>[]
  readonly value: Value | undefined
  readonly onChange: (value: Value) => void
}) {
  const { label, offers, value, onChange } = props
  const name = useId()
  return (
    <fieldset className="choice">
      <legend className="only-read">{label}</legend>
      {offers.map((offer) => (
        <label key={offer.value}>
          <input type="radio" name={name} checked={offer.value === value} onChange={() => onChange(offer.value)} />
          <span>{offer.label}</span>
        </label>
      ))}
    </fieldset>
  )
}
