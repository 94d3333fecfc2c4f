import { Drawer } from '@mantine/core'
import { Navigation } from './navigation.tsx'

/** The navigation, where the screen is too narrow for it to stay. */
export function PhoneMenu({ onClose }: { readonly onClose: () => void }) {
  return (
    <Drawer opened onClose={onClose} title="Pages" size={280}>
      <Navigation onChosen={onClose} />
    </Drawer>
  )
}
