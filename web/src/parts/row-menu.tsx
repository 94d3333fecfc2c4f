import { Menu, UnstyledButton } from '@mantine/core'
import { IconDots } from '@tabler/icons-react'
import { useRef } from 'react'

/** What can be done with the thing in a row. */
export interface RowAction {
  readonly name: string
  readonly icon: typeof IconDots
  readonly onClick: () => void
  /** It takes something away: it stands last, in red. */
  readonly isDangerous?: boolean
  /** Why it cannot be done now. */
  readonly refusal?: string | undefined
}

/** The actions of a row behind one button. Nothing where there is nothing one may do. */
export function RowMenu({ label, actions }: { readonly label: string; readonly actions: readonly RowAction[] }) {
  const button = useRef<HTMLButtonElement>(null)
  if (actions.length === 0) return null
  return (
    <Menu position="bottom-end" withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <UnstyledButton ref={button} className="row-menu" aria-label={label}>
          <IconDots size={18} aria-hidden />
          <span className="row-menu-word" aria-hidden>
            Actions
          </span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {actions.map(({ name, icon: Icon, onClick, isDangerous = false, refusal }) => (
          <Menu.Item
            key={name}
            leftSection={<Icon size={16} aria-hidden />}
            disabled={refusal !== undefined}
            {...(isDangerous ? { className: 'row-menu-danger' } : {})}
            onClick={() => {
              // A dialog gives the focus back to where it was, and this item will be gone.
              button.current?.focus()
              onClick()
            }}
          >
            {name}
            {refusal !== undefined && <span className="row-menu-refusal">{refusal}</span>}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
