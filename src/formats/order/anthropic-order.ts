import { asObject, type JsonObject } from '../json-facts.ts'
import { countIn, listIn, must, nameIn, objectIn, textIn } from './order-fault.ts'
import type { OrderRules } from './order-rules.ts'

/** Which deltas a block of a kind may get. Of other kinds nothing is known. */
const DELTAS: ReadonlyMap<string, readonly string[]> = new Map([
  ['text', ['text_delta', 'citations_delta']],
  ['thinking', ['thinking_delta', 'signature_delta']],
  ['redacted_thinking', []],
  ['tool_use', ['input_json_delta']],
  ['server_tool_use', ['input_json_delta']],
  ['mcp_tool_use', ['input_json_delta']],
])

/** The field of a delta that is a text. */
const DELTA_TEXTS: ReadonlyMap<string, string> = new Map([
  ['text_delta', 'text'],
  ['thinking_delta', 'thinking'],
  ['signature_delta', 'signature'],
  ['input_json_delta', 'partial_json'],
])

/** `before` the message; `between` two blocks; `inside` of one; `ending` once the message has told why it stopped. */
type State = 'before' | 'between' | 'inside' | 'ending'

/** The events of `/v1/messages`: a message, its blocks strictly one behind the other, why it stopped, its end. */
export class AnthropicOrder implements OrderRules {
  #state: State = 'before'
  #blocks = 0
  #kind = ''

  take(event: JsonObject, name: string): boolean {
    const type = nameIn(event, 'type')
    must(type === name, 'the event is called otherwise than its "type"')
    if (type === 'error') {
      const error = objectIn(event, 'error')
      nameIn(error, 'type')
      textIn(error, 'message')
      return true
    }
    if (type === 'message_stop') must(this.#state === 'ending', 'message_stop without a message_delta before it')
    else this.#go(type, event)
    return type === 'message_stop'
  }

  /** Types that are not known are passed over: the format allows for new ones. */
  #go(type: string, event: JsonObject): void {
    switch (type) {
      case 'message_start':
        this.#begin(objectIn(event, 'message'))
        break
      case 'content_block_start':
        this.#open(countIn(event, 'index'), objectIn(event, 'content_block'))
        break
      case 'content_block_delta':
        this.#add(countIn(event, 'index'), objectIn(event, 'delta'))
        break
      case 'content_block_stop':
        this.#close(countIn(event, 'index'))
        break
      case 'message_delta':
        this.#stop(objectIn(event, 'delta'), objectIn(event, 'usage'))
    }
  }

  #begin(message: JsonObject): void {
    must(this.#state === 'before', 'a second message_start')
    this.#state = 'between'
    nameIn(message, 'id')
    nameIn(message, 'model')
    must(message['type'] === 'message' && message['role'] === 'assistant', 'it begins no message of an assistant')
    must(listIn(message, 'content').length === 0, 'the message begins with content')
    must(message['stop_reason'] === null, 'the message begins with a "stop_reason"')
    must(message['stop_sequence'] === null, 'the message begins with a "stop_sequence"')
    const usage = objectIn(message, 'usage')
    countIn(usage, 'input_tokens')
    countIn(usage, 'output_tokens')
  }

  #open(index: number, block: JsonObject): void {
    must(this.#state !== 'before', 'a block before message_start')
    must(this.#state !== 'inside', 'a block begins inside another')
    must(this.#state !== 'ending', 'a block behind message_delta')
    must(index === this.#blocks, 'the block has not the next index')
    this.#state = 'inside'
    this.#kind = nameIn(block, 'type')
    if (this.#kind === 'text') must(block['text'] === '', 'the block begins with text')
    if (this.#kind === 'thinking') must(block['thinking'] === '', 'the block begins with thinking')
    if (this.#kind !== 'tool_use') return
    nameIn(block, 'id')
    nameIn(block, 'name')
    const input = asObject(block['input'])
    must(input !== undefined && Object.keys(input).length === 0, 'a call begins with another "input" than {}')
  }

  #add(index: number, delta: JsonObject): void {
    must(this.#state === 'inside' && index === this.#blocks, 'a delta outside of its block')
    const type = nameIn(delta, 'type')
    must(DELTAS.get(this.#kind)?.includes(type) ?? true, 'a delta of another kind than its block')
    const field = DELTA_TEXTS.get(type)
    if (field !== undefined) textIn(delta, field)
  }

  #close(index: number): void {
    must(this.#state === 'inside' && index === this.#blocks, 'a block ends that is not open')
    this.#state = 'between'
    this.#blocks++
  }

  #stop(delta: JsonObject, usage: JsonObject): void {
    must(this.#state !== 'before', 'message_delta before message_start')
    must(this.#state !== 'inside', 'message_delta inside a block')
    this.#state = 'ending'
    nameIn(delta, 'stop_reason')
    if (delta['stop_sequence'] !== null) textIn(delta, 'stop_sequence')
    countIn(usage, 'output_tokens')
  }
}
