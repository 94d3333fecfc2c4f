import { UnstyledButton } from '@mantine/core'
import { type ReactNode, useEffect, useId, useRef, useState } from 'react'

/**
 * A button of the page's head that opens a small panel of links and buttons under itself. Escape, a click elsewhere and
 * a choice close it. Mantine's own menus float anywhere and weigh accordingly; this one is part of every first load.
 */
export function HeadMenu(props: {
  /** For who cannot see the button. */
  readonly label: string
  readonly button: ReactNode
  /** The panel's edge that is the button's. */
  readonly side: 'left' | 'right'
  readonly children: ReactNode
}) {
  const { label, button, side, children } = props
  const [isOpen, setOpen] = useState(false)
  const place = useRef<HTMLDivElement>(null)
  const panelId = useId()
  useEffect(() => {
    if (!isOpen) return
    const onPointer = ({ target }: Event) => {
      if (!(target instanceof Node) || place.current?.contains(target) !== true) setOpen(false)
    }
    const onKey = ({ key }: KeyboardEvent) => {
      if (key !== 'Escape') return
      setOpen(false)
      place.current?.querySelector('button')?.focus()
    }
    document.addEventListener('pointerdown', onPointer)
    document.addEventListener('focusin', onPointer)
    document.addEventListener('keydown', onKey)
    return () => {
      document.removeEventListener('pointerdown', onPointer)
      document.removeEventListener('focusin', onPointer)
      document.removeEventListener('keydown', onKey)
    }
  }, [isOpen])
  return (
    <div className="head-menu" data-side={side} ref={place}>
      <UnstyledButton
        className="head-menu-button"
        aria-label={label}
        aria-expanded={isOpen}
        aria-controls={panelId}
        onClick={() => setOpen(!isOpen)}
      >
        {button}
      </UnstyledButton>
      {/* biome-ignore lint/a11y: the panel listens for the choices inside it, which are links and buttons */}
      <div id={panelId} className="head-menu-panel" data-side={side} hidden={!isOpen} onClick={() => setOpen(false)}>
        {children}
      </div>
    </div>
  )
}
