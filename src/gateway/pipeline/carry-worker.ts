// What runs in the thread that translates large chats.
import { parentPort } from 'node:worker_threads'
import { carryChat } from './carried-chat.ts'
import { type CarryAnswer, type CarryAsk, carryFailureOf } from './carry-answer.ts'

parentPort?.on('message', ({ bytes, job }: CarryAsk) => {
  const answer = answerTo(bytes, job)
  // A small body shares its memory with others, which cannot be given away.
  const isOwn = 'body' in answer && answer.body.byteLength === answer.body.buffer.byteLength
  parentPort?.postMessage(answer, isOwn ? [answer.body.buffer] : [])
})

function answerTo(bytes: CarryAsk['bytes'], job: CarryAsk['job']): CarryAnswer {
  try {
    const { body, ...carried } = carryChat(Buffer.from(bytes.buffer), job)
    return { ...carried, body: new Uint8Array(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength) }
  } catch (error) {
    return { failure: carryFailureOf(error) }
  }
}
