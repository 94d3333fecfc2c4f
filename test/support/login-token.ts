import type { Visitor } from './visitor.ts'

const PROGRAM = { origin: '', 'sec-fetch-site': '' }
const AUTH = '/control/auth'

/** The token of a command line, which somebody has confirmed. `program`: a visitor without a session. */
export async function loginToken(person: Visitor, program: Visitor): Promise<string> {
  const asked = { body: { client_id: 'punku-cli' }, headers: PROGRAM }
  const { device_code, user_code } = (await program.send('POST', `${AUTH}/device/code`, asked)).json
  await approveLogin(person, String(user_code))
  const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
  const body = { grant_type, device_code, client_id: 'punku-cli' }
  return String((await program.send('POST', `${AUTH}/device/token`, { body, headers: PROGRAM })).json['access_token'])
}

/** Confirms the code that a command line shows. */
export async function approveLogin(person: Visitor, userCode: string): Promise<void> {
  await person.send('GET', `${AUTH}/device?user_code=${userCode}`)
  await person.send('POST', `${AUTH}/device/approve`, { body: { userCode } })
}
