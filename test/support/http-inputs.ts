import { METHODS } from 'node:http'
import type { SeededChoice } from './seeded-choice.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const post = (fields: string, body: string) => `POST /a HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}`
const LENGTH_FIELD = 'Content-Length: 5'
const CHUNKED_FIELD = 'Transfer-Encoding: chunked'

/** Ways to hide a transfer coding from one of two readers. */
export const CODING_LINES: readonly string[] = [
  ...[
    'Transfer-Encoding: chunked',
    'transfer-encoding: Chunked',
    'Transfer-Encoding:chunked',
    'Transfer-Encoding:\tchunked',
  ],
  ...[
    'Transfer-Encoding : chunked',
    ' Transfer-Encoding: chunked',
    'Transfer-Encoding\t: chunked',
    'Transfer_Encoding: chunked',
  ],
  ...[
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding: chunkedx',
    'Transfer-Encoding: "chunked"',
    'Transfer-Encoding: identity',
  ],
  ...['Transfer-Encoding: gzip, chunked', 'Transfer-Encoding: chunked, gzip', 'Transfer-Encoding: chunked, chunked'],
  ...[
    'Transfer-Encoding: chunked,',
    'Transfer-Encoding: ,chunked',
    'Transfer-Encoding: chunked ;q=1',
    'Transfer-Encoding:',
  ],
  ...[
    'Transfer-Encoding: chunked \t',
    'Transfer-Encoding: \x0bchunked',
    'Transfer-Encoding: chunked\x0b',
    'Transfer-Encoding: \xa0chunked',
  ],
  ...[
    'Transfer-Encoding: chun\0ked',
    'X: a\nTransfer-Encoding: chunked',
    'X: a\rTransfer-Encoding: chunked',
    'Transfer-Encoding:\r\n chunked',
  ],
  ...[
    'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
  ],
  ...[
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding\0: chunked',
    'Transfer-Encoding: chunked\r',
    '\0Transfer-Encoding: chunked',
  ],
]

/** Ways to say a length in which two readers could differ. */
export const LENGTH_LINES: readonly string[] = [
  ...[
    'Content-Length: 5',
    'content-length:5',
    'Content-Length: 05',
    'Content-Length: 0',
    'Content-Length: +5',
    'Content-Length: -5',
  ],
  ...[
    'Content-Length: 0x5',
    'Content-Length: 5,5',
    'Content-Length: 5, 5',
    'Content-Length: 5 5',
    'Content-Length: 5;',
    'Content-Length:',
  ],
  ...[
    'Content-Length: 5\r\nContent-Length: 5',
    'Content-Length: 5\r\nContent-Length: 6',
    'Content-Length : 5',
    'Content-Length: \x0b5',
  ],
  ...[
    'Content-Length: 5\t ',
    'Content-Length: 5\0',
    'Content-Length: 5e0',
    'Content-Length: 5.0',
    'Content_Length: 5',
    'Content-Length:\r\n 5',
  ],
  ...[
    'Content-Length: 18446744073709551621',
    'Content-Length: 9007199254740993',
    'Content-Length: 00000000000000005',
    'X: a\nContent-Length: 5',
  ],
]

/** Requests by which others were smuggled, once, through somebody. Each is tried whole and cut. */
export const KEPT_INPUTS: readonly string[] = [
  // CL.TE, TE.CL, CL.0, 0.CL, CL.CL
  post(`${LENGTH_FIELD}\r\n${CHUNKED_FIELD}`, `0\r\n\r\n${GET}`),
  post(`${CHUNKED_FIELD}\r\n${LENGTH_FIELD}`, `5\r\nhello\r\n0\r\n\r\n${GET}`),
  post('Content-Length: 0', GET),
  post('Content-Length: 5\r\nContent-Length: 0', `hello${GET}`),
  post(`Content-Length: ${GET.length}`, GET + GET),
  ...CODING_LINES.map((line) => post(line, `5\r\nhello\r\n0\r\n\r\n${GET}`)),
  ...CODING_LINES.map((line) => post(`${LENGTH_FIELD}\r\n${line}`, `5\r\nhello\r\n0\r\n\r\n${GET}`)),
  ...CODING_LINES.map((line) => post(line, `5\r\nhello\r\n0\r\n\r\n${GET}`).replace('1.1', '1.0')),
  ...LENGTH_LINES.map((line) => post(line, `hello${GET}`)),
  ...[
    '5\nhello\r\n0\r\n\r\n',
    '5\r\nhello\n0\r\n\r\n',
    '5\r\nhello0\r\n\r\n',
    '5\r\nhelloXX0\r\n\r\n',
    '5\rhello\r\n0\r\n\r\n',
  ].map((b) => post(CHUNKED_FIELD, b + GET)),
  ...[
    '5;a\nhello\r\n0\r\n\r\n',
    '5;\nxx\r\nhello\r\n0\r\n\r\n',
    '5;a=b\r\nhello\r\n0\r\n\r\n',
    '5 ;a\r\nhello\r\n0\r\n\r\n',
    '5; a\r\nhello\r\n0\r\n\r\n',
  ].map((b) => post(CHUNKED_FIELD, b + GET)),
  ...[
    '5;a="b;c\\"\r\n"\r\nhello\r\n0\r\n\r\n',
    '5;a="\\"\\\\"\r\nhello\r\n0\r\n\r\n',
    '5;\r\nhello\r\n0\r\n\r\n',
    '5;a=\r\nhello\r\n0\r\n\r\n',
  ].map((b) => post(CHUNKED_FIELD, b + GET)),
  ...[
    '0x5\r\nhello\r\n0\r\n\r\n',
    '+5\r\nhello\r\n0\r\n\r\n',
    '-5\r\nhello\r\n0\r\n\r\n',
    '00000005\r\nhello\r\n000\r\n\r\n',
  ].map((b) => post(CHUNKED_FIELD, b + GET)),
  ...[
    '100000005\r\nhello\r\n0\r\n\r\n',
    'fffffffffffffffff5\r\nhello\r\n0\r\n\r\n',
    '5_0\r\nhello\r\n0\r\n\r\n',
    '\r\n5\r\nhello\r\n0\r\n\r\n',
  ].map((b) => post(CHUNKED_FIELD, b + GET)),
  ...[
    '0\r\nX: a\r\n\r\n',
    '0\r\nContent-Length: 5\r\n\r\n',
    '0\r\nTransfer-Encoding: chunked\r\n\r\n',
    '0\r\n X: a\r\n\r\n',
    '0\r\nX: a\n\r\n',
    '0\r\n\n',
    '0\n\n',
    '0\r\n\rX',
  ].map((b) => post(CHUNKED_FIELD, b + GET)),
  GET.replaceAll('\r\n', '\n') + GET,
  GET.replaceAll('\r\n', '\r') + GET,
  `\r\n\r\n${GET}`,
  `\n${GET}`,
  `\r${GET}`,
  'GET /\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\n\r\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\n X: b\r\n\r\n',
  'GET / HTTP/1.1\r\n Host: a\r\n\r\n',
  'GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\nPRI * HTTP/2.0\r\n\r\n',
  `GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 3\r\n\r\nabc${GET}`,
  `CONNECT a:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello${GET}`,
  `GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n${GET}`,
  `GET / HTTP/1.1\r\nConnection: close\r\n\r\n${GET}`,
  GET + GET + GET,
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
]

// Not Proxy-Connection, which llhttp takes for Connection: RFC 9112 knows no such field.
const LINES: readonly string[] = [
  ...[
    'Host: a',
    'Accept: */*',
    'X-A:',
    'x-a: b \t',
    'User-Agent: a/1 (b; c)',
    'X-B: \xe9\xff',
    'Expect: 100-continue',
    'X-Quote: "a, b"',
  ],
  ...[
    'Connection: keep-alive',
    'Connection: close',
    'Connection: Close',
    'Connection: keep-alive, close',
    'Connection: upgrade',
    'Connection: foo, Upgrade',
  ],
  ...[
    'Connection: close, keep-alive',
    'Connection: closed',
    'Connection: x close',
    'Connection:',
    'Connection: ,close',
    'Upgrade: websocket',
    'Upgrade:',
  ],
]
const TARGETS = [
  '/',
  '/a',
  '/a?b=c#d',
  '*',
  'http://a/b',
  'http://a:1',
  'http://u@a/',
  'https://[::1]/x',
  '/%61/{}|^`"<>\\',
  '//a',
  '',
  'a',
  '/\x7f',
  '/\xe9',
  '?a',
  'http://',
  'HTTP://a?b',
]
const SIZES = [
  '5',
  '05',
  '5;a=b',
  '5;a="b\\"c";d',
  '5;a',
  '5 ',
  '5;',
  '5;a =b',
  '0x5',
  '5;a=b=c',
  '5;;a',
  '5;a="b"c',
  '5;a="\x01"',
  '5;"a"',
]
const BYTES = [
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  '\0',
  ':',
  ';',
  ',',
  '0',
  '5',
  'a',
  '\x0b',
  '\x7f',
  '\x80',
  '\xff',
  '"',
  '\\',
  '/',
  'HTTP/1.1',
  '\r\n\r\n',
]

/** The bytes of one connection, latin1: requests of the grammar, most of them good, some bent a little. */
export function makeInput(choice: SeededChoice): string {
  if (choice.onceIn(8)) return bent(choice, choice.pick(KEPT_INPUTS), 1 + choice.below(3))
  const requests = Array.from({ length: 1 + choice.below(3) }, () => makeRequest(choice))
  // The same head again, as clients send it: it is read by a short way.
  if (choice.onceIn(3)) requests.push(requests[0] as string, requests[0] as string)
  if (choice.onceIn(6)) requests.push(bent(choice, requests[0] as string, 1))
  const text = requests.join(choice.onceIn(12) ? choice.pick(['\r\n', '\r\n\r\n', '\n', ' ', '\r']) : '')
  return choice.onceIn(2) ? text : bent(choice, text, 1 + choice.below(3))
}

function makeRequest(choice: SeededChoice): string {
  const isOdd = choice.onceIn(4)
  const method = choice.pick(isOdd ? [...METHODS, 'get', 'FOO', 'G', ''] : ['GET', 'POST', 'PUT', 'DELETE'])
  const target = isOdd ? choice.pick(TARGETS) : choice.pick(TARGETS.slice(0, 3))
  const version = choice.onceIn(5)
    ? choice.pick([
        'HTTP/1.0',
        'HTTP/0.9',
        'HTTP/2.0',
        'HTTP/1.2',
        'http/1.1',
        'HTTP/1.10',
        'HTTP/1',
        'ICE/1.0',
        'RTSP/1.0',
      ])
    : choice.onceIn(6)
      ? 'HTTP/1.0'
      : 'HTTP/1.1'
  const lines = Array.from({ length: choice.below(4) }, () => choice.pick(choice.onceIn(3) ? LINES : LINES.slice(0, 7)))
  let body = ''
  const framing = choice.below(5)
  if (framing === 1) {
    body = choice.pick(['hello', '', 'GET / HTTP/1.1\r\n\r\n', '0\r\n\r\n'])
    lines.push(choice.onceIn(3) ? choice.pick(LENGTH_LINES) : `Content-Length: ${body.length}`)
  } else if (framing === 2 || framing === 3) {
    lines.push(choice.onceIn(3) ? choice.pick(CODING_LINES) : CHUNKED_FIELD)
    body = makeChunks(choice)
  } else if (framing === 4 && choice.onceIn(4)) {
    lines.push(choice.pick(LENGTH_LINES), choice.pick(CODING_LINES))
    body = makeChunks(choice)
  }
  if (choice.onceIn(2)) lines.push(choice.pick(LINES))
  const gap = choice.onceIn(30) ? choice.pick(['  ', '\t', '']) : ' '
  return `${method}${gap}${target}${gap}${version}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`
}

function makeChunks(choice: SeededChoice): string {
  let chunks = ''
  for (let left = choice.below(3); left > 0; left--) {
    chunks += `${choice.onceIn(3) ? choice.pick(SIZES) : '5'}\r\nhello\r\n`
  }
  const last = choice.onceIn(6) ? choice.pick(['00', '0;a', '0;', '0 ', '', '000000000']) : '0'
  return `${chunks}${last}\r\n${choice.onceIn(5) ? `${choice.pick([...LINES, ...LENGTH_LINES, ...CODING_LINES])}\r\n` : ''}\r\n`
}

/** The text with bytes changed, put in, taken out, moved or cut off. */
function bent(choice: SeededChoice, text: string, times: number): string {
  let result = text
  for (let left = times; left > 0; left--) {
    const at = choice.below(result.length + 1)
    const until = at + choice.below(4)
    const way = choice.below(16)
    if (way < 5) result = result.slice(0, at) + choice.pick(BYTES) + result.slice(at)
    else if (way < 9) result = result.slice(0, at) + choice.pick(BYTES) + result.slice(at + 1)
    else if (way < 12) result = result.slice(0, at) + result.slice(until)
    else if (way < 13) result = result.slice(0, at)
    else if (way < 14) result = result.slice(0, at) + String.fromCharCode(choice.below(256)) + result.slice(at + 1)
    else result = result.slice(0, at) + result.slice(at, at + choice.below(40)) + result.slice(at)
  }
  return result
}
