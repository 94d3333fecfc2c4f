/** The package's own folder. Files of `src` and of the built `dist` both lie two folders below it. */
export const PACKAGE_FOLDER: URL = new URL('../../', import.meta.url)
