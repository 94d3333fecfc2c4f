import { plainCommand } from '../../config/own-command.ts'
import { formatDuration } from '../../core/units.ts'
import { namesOf } from '../../core/wording.ts'
import type { Hop } from '../../diagnosis/hop.ts'
import type { Check, HopFinding } from '../../diagnosis/walk.ts'
import type { GatewayRefusal } from '../../machine/way/refused-answer.ts'
import type { ClientScene } from './client-scene.ts'
import { type HopBehind, isUnheard } from './gateway-refusal.ts'

const TUNNEL = /^tun_/

/** The key may ask the model. It is the first of those that need the model's answer. */
export function scopesCheck(scene: ClientScene): Check {
  return behind(scene, 'scopes', 'The key may ask the model', async (signal) => {
    const model = await scene.model(signal)
    const list = await scene.list(signal)
    if (model !== undefined) {
      const isListed = 'models' in list && list.models.some(({ id }) => id === model)
      const isAnswered = (await scene.firstChat(signal))?.begunMs !== undefined
      if (isListed || isAnswered) return { state: 'ok', said: `It may ask ${model}.` }
      return { state: 'skipped', said: `Whether it may ask ${model} is not told: that is not listed for it.` }
    }
    return 'models' in list
      ? { state: 'skipped', said: 'The gateway lists no model for it, which a later step tells.' }
      : { state: 'skipped', said: 'No model is named, and none is listed.' }
  })
}

/** The tunnel's link stands, where there is one. */
export function linkCheck(scene: ClientScene): Check {
  return behind(scene, 'link', "The tunnel's link stands", async (signal) =>
    ofTunnel(await upstreamOf(scene, signal), 'Its link stands.'),
  )
}

/** The agent lets the request through. */
export function agentCheck(scene: ClientScene): Check {
  return behind(scene, 'agent', 'The agent lets it through', async (signal) =>
    ofTunnel(await upstreamOf(scene, signal), 'It passes requests on to its model server.'),
  )
}

/** The model server answers. */
export function modelServerCheck(scene: ClientScene): Check {
  return behind(scene, 'model-server', 'The model server answers', async (signal) => {
    const chat = await scene.firstChat(signal)
    if (chat === undefined || chat.begunMs === undefined)
      return { state: 'skipped', said: 'No answer of a model has come of it, which a later step tells.' }
    return { state: 'ok', said: 'It answers.' }
  })
}

/** The model is there, and loads. */
export function modelCheck(scene: ClientScene): Check {
  return behind(scene, 'model', 'The model is there', async (signal) => {
    const model = await scene.model(signal)
    if (model === undefined) {
      return {
        state: 'broken',
        said: 'The gateway lists no model for this key: the model server has none, or the key may use none of them.',
        advice:
          'Give the model server a model, such as: ollama pull llama3.2. Or have the models of the key changed at the gateway.',
      }
    }
    const begunMs = (await scene.firstChat(signal))?.begunMs
    if (begunMs === undefined)
      return { state: 'skipped', said: `Nothing has come of ${model}, which the next step tells.` }
    return { state: 'ok', said: `${model} is there. Loading it and its first sign took ${formatDuration(begunMs)}.` }
  })
}

/** The first piece of an answer comes. */
export function firstTokenCheck(scene: ClientScene): Check {
  return behind(scene, 'first-token', 'A first token comes', async (signal) => {
    const chat = await scene.firstChat(signal)
    if (chat === undefined) return { state: 'skipped', said: 'No model was asked.' }
    const [firstMs] = chat.pieceAtMs
    if (chat.isSilent) {
      return {
        state: 'broken',
        said: `Nothing came of the model within ${formatDuration(scene.options.loadMs)}. It may be too large for its machine, or still load, or hang.`,
        advice: "See the model server's log and the memory of its machine, or wait longer: --load-wait 15m",
      }
    }
    if (!chat.isComplete) {
      return {
        state: 'broken',
        said: 'The answer ended before the model said that it was complete.',
        advice: "See the model server's log, and whether a proxy on the way cuts long answers.",
      }
    }
    if (firstMs === undefined) {
      return {
        state: 'warning',
        said: 'The answer is complete, and empty.',
        advice: 'The model may be none for chats. Ask another: --model NAME',
      }
    }
    return { state: 'ok', said: `It came after ${formatDuration(firstMs)}.` }
  })
}

async function upstreamOf(scene: ClientScene, signal: AbortSignal): Promise<string | undefined> {
  return (await scene.firstChat(signal))?.headers['x-punku-upstream']
}

function ofTunnel(upstream: string | undefined, said: string): HopFinding {
  if (upstream === undefined) return { state: 'skipped', said: 'Whether there is one is not told.' }
  if (!TUNNEL.test(upstream))
    return { state: 'skipped', said: 'There is none: the gateway reaches the model server itself.' }
  return { state: 'ok', said }
}

/** A check that is broken where the model's answer, or the list of models, broke at its hop. */
function behind(
  scene: ClientScene,
  hop: HopBehind,
  title: string,
  look: (signal: AbortSignal) => Promise<HopFinding>,
): Check {
  return {
    hop,
    title,
    look: async (signal) => {
      if (hop === 'scopes') await tellWait(scene, signal)
      const chat = await scene.firstChat(signal)
      const trouble = chat?.isSilent === true ? undefined : await scene.trouble(signal)
      if (trouble?.hop !== hop) return await look(signal)
      return await broken(hop, trouble.refusal, scene, signal)
    },
  }
}

async function tellWait(scene: ClientScene, signal: AbortSignal): Promise<void> {
  const model = await scene.model(signal)
  if (model === undefined) return
  const limit = formatDuration(scene.options.loadMs)
  scene.options.onWait(
    `${model} is asked for a few words. If it has to be loaded first that takes a while; ${limit} are waited.`,
  )
}

async function broken(
  hop: HopBehind,
  refusal: GatewayRefusal,
  scene: ClientScene,
  signal: AbortSignal,
): Promise<HopFinding> {
  const { text, before, status } = refusal
  if (before !== undefined && status > 0) {
    return {
      state: 'broken',
      said: `Not the gateway answered, but ${before}: ${text}.`,
      advice: 'Let it pass on POST requests below /v1/ as they are, and see its log.',
    }
  }
  if (isUnheard(refusal)) {
    return {
      state: 'broken',
      said: `The gateway has not heard of all its model servers: ${ended(text)}`,
      advice: `Walk again in a few seconds. If it stays so, see at the gateway which it is: ${plainCommand('status')}`,
    }
  }
  const list = hop === 'model' ? await scene.list(signal) : undefined
  const others =
    list !== undefined && 'models' in list ? ` This key may use: ${namesOf(list.models.map(({ id }) => id))}.` : ''
  return {
    state: 'broken',
    said: `${SAID[hop](await scene.model(signal))} ${ended(text)}`,
    advice: `${ADVICE[hop]}${others}`,
  }
}

function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

const SAID: Readonly<Record<HopBehind, (model: string | undefined) => string>> = {
  scopes: (model = 'the models') => `The key is good, and may not ask ${model}:`,
  link: () => 'The gateway waits for the agent beside the model server:',
  agent: () => 'The agent beside the model server refuses:',
  'model-server': () => 'The gateway gets no good answer of the model server:',
  model: () => 'The model server answers, and not this model:',
  'first-token': () => 'The answer broke off, or was refused:',
}

const ADVICE: Readonly<Record<Extract<Hop, HopBehind>, string>> = {
  scopes: 'Ask another model (--model NAME), or have the key changed by whoever runs the gateway.',
  link: `See on the machine of the models that its agent runs: ${plainCommand('connect')}. What is wrong there tells: ${plainCommand('doctor')}`,
  agent: `See on the machine of the models what its agent lets through: ${plainCommand('connect --help')}`,
  'model-server': `See on its machine that it runs, and its log. What is wrong there tells: ${plainCommand('doctor')}`,
  model: 'Ask one that is there (--model NAME), or fetch it on its machine.',
  'first-token': "See the model server's log.",
}
