/** The gate and its name. */
export function Brand() {
  return (
    <span className="brand">
      <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
        <path d="M4 29 8.5 3h15L28 29h-7.2l-1.9-15.4a1 1 0 0 0-1-.9h-3.8a1 1 0 0 0-1 .9L11.2 29z" />
        <path className="brand-joints" d="M7.2 10.6h17.6M5.8 18.8h6.4m7.6 0h6.4" />
      </svg>
      Punku
    </span>
  )
}
