import { builtinModules } from 'node:module'
import type { Plugin } from 'rolldown'

const PREFIX = '\0builtin:'
const BUILTINS = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]))

/**
 * Takes from Node's own modules what is used and nothing else. An `import` of one reads everything it has, and some of
 * that is only loaded when it is read: of `node:http` a WebSocket client and all of its `fetch`, 16 MiB of memory.
 * @param isLeft the files that must run on a Node that is too old, to say so
 */
export function leanBuiltins(isLeft: (importer: string) => boolean): Plugin {
  return {
    name: 'lean-builtins',
    resolveId(source, importer, { kind }) {
      if (!BUILTINS.has(source) || kind !== 'import-statement' || importer === undefined || isLeft(importer))
        return null
      return PREFIX + source
    },
    load(id) {
      if (!id.startsWith(PREFIX)) return null
      const name = id.slice(PREFIX.length)
      const names = Object.keys(process.getBuiltinModule(name) ?? {}).filter((key) => /^[a-z_$][\w$]*$/i.test(key))
      // What is pure goes when nobody uses it.
      const exports = names
        .filter((key) => key !== 'default')
        .map((key) => `const _${key} = /* @__PURE__ */ read('${key}'); export { _${key} as ${key} }`)
      return `const all = process.getBuiltinModule('${name}')
const read = (key) => all[key]
export default all
${exports.join('\n')}`
    },
  }
}
