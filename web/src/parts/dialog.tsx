import { Modal } from '@mantine/core'
import { type ReactNode, useState } from 'react'

/**
 * A dialog with a form, or with what came of one. What is in it begins anew each time it opens. A click beside it closes
 * nothing: too much is lost that way.
 */
export function Dialog(props: {
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly title: string
  readonly children: ReactNode
  /** Default: as wide as a form. */
  readonly isWide?: boolean
}) {
  const { isOpen, onClose, title, children, isWide = false } = props
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={title}
      size={isWide ? 680 : 480}
      closeOnClickOutside={false}
      centered
    >
      {children}
    </Modal>
  )
}

/** What opens and closes a dialog. */
export interface DialogState<Subject> {
  readonly isOpen: boolean
  /** What it is about; it stays while the dialog fades. */
  readonly subject: Subject | undefined
  readonly open: (subject: Subject) => void
  readonly close: () => void
}

/** A dialog about one thing of many. */
export function useDialog<Subject>(): DialogState<Subject> {
  const [state, setState] = useState<{ isOpen: boolean; subject: Subject | undefined }>({
    isOpen: false,
    subject: undefined,
  })
  return {
    ...state,
    open: (subject) => setState({ isOpen: true, subject }),
    close: () => setState(({ subject }) => ({ isOpen: false, subject })),
  }
}
