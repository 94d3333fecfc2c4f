import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core'

const stone: MantineColorsTuple = [
  '#faf9f7',
  '#f4f2ee',
  '#e9e6e0',
  '#dcd8d0',
  '#c5bfb4',
  '#a39c90',
  '#7f776b',
  '#625b51',
  '#45403a',
  '#262320',
]

/** The dark scheme's neutrals, from text to the deepest ground: the same warm stone, at night. */
const night: MantineColorsTuple = [
  '#dedad3',
  '#c2bcb2',
  '#a39c91',
  '#7d766c',
  '#504b45',
  '#3b3834',
  '#292723',
  '#1e1c1a',
  '#181614',
  '#100f0e',
]

const petrol: MantineColorsTuple = [
  '#ebf6f6',
  '#d5e9ea',
  '#abd3d6',
  '#7dbdc1',
  '#58a9af',
  '#3a969e',
  '#20808a',
  '#176a73',
  '#12565e',
  '#0c4047',
]

/** Warm stone, one accent (petrol), the system's own letters. */
export const theme = createTheme({
  colors: { gray: stone, dark: night, petrol },
  primaryColor: 'petrol',
  primaryShade: { light: 7, dark: 6 },
  black: '#262320',
  defaultRadius: 'md',
  cursorType: 'pointer',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: '620' },
  respectReducedMotion: true,
  components: {
    // A link in a text must not be told by its colour alone.
    Anchor: { defaultProps: { underline: 'always' } },
    Modal: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    Drawer: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
  },
})

/** What Mantine takes from its palettes and this dashboard sets otherwise: mostly so that small text has its contrast. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-dimmed': 'var(--mantine-color-gray-7)',
    '--mantine-color-placeholder': 'var(--mantine-color-gray-6)',
    '--mantine-color-anchor': 'var(--mantine-color-petrol-7)',
    '--mantine-color-error': '#b3261e',
    '--mantine-color-default-border': 'var(--mantine-color-gray-4)',
    '--mantine-color-red-light': '#fdeceb',
    '--mantine-color-red-light-color': '#a3211a',
    '--mantine-color-yellow-light': '#fbf0da',
    '--mantine-color-yellow-light-color': '#7a4e08',
    '--punku-ground': 'var(--mantine-color-gray-1)',
    '--punku-raised': '#ffffff',
    '--punku-line': 'var(--mantine-color-gray-2)',
    '--punku-good': '#2c7a3f',
    '--punku-warn': '#96600a',
    '--punku-bad': '#b3261e',
    '--punku-idle': 'var(--mantine-color-gray-6)',
    '--punku-accent': 'var(--mantine-color-petrol-7)',
    '--punku-accent-soft': 'var(--mantine-color-petrol-0)',
  },
  dark: {
    '--mantine-color-body': '#211f1c',
    '--mantine-color-dimmed': 'var(--mantine-color-dark-2)',
    '--mantine-color-placeholder': '#8d867b',
    '--mantine-color-anchor': 'var(--mantine-color-petrol-3)',
    '--mantine-color-error': '#f2a29b',
    '--mantine-color-red-light': '#3a2220',
    '--mantine-color-red-light-color': '#f2a29b',
    '--mantine-color-yellow-light': '#332a18',
    '--mantine-color-yellow-light-color': '#e3b15c',
    '--punku-ground': 'var(--mantine-color-dark-8)',
    '--punku-raised': '#211f1c',
    '--punku-line': '#34312d',
    '--punku-good': '#7cc78d',
    '--punku-warn': '#e3b15c',
    '--punku-bad': '#f2a29b',
    '--punku-idle': 'var(--mantine-color-dark-2)',
    '--punku-accent': 'var(--mantine-color-petrol-3)',
    '--punku-accent-soft': '#1c3033',
  },
})
