import { Kbd, Modal } from '@mantine/core'
import { HELP_LETTER, usePlaces } from './shortcuts.ts'

/** What the keyboard opens. */
export function ShortcutList({ onClose }: { readonly onClose: () => void }) {
  const rows = [...usePlaces(), { letter: HELP_LETTER, name: 'This list' }]
  return (
    <Modal opened onClose={onClose} title="Keyboard shortcuts" centered>
      <dl className="shortcuts">
        {rows.map(({ letter, name }) => (
          <div key={letter}>
            <dt>
              <Kbd>g</Kbd> then <Kbd>{letter}</Kbd>
            </dt>
            <dd>{name}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}
