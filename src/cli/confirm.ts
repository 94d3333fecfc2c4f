import { createInterface } from 'node:readline/promises'

/**
 * Asks a question that is answered by yes or no, on standard error, so that standard output has the command's result
 * alone. Whatever is no yes is a no.
 */
export async function isConfirmed(question: string): Promise<boolean> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await prompt.question(`${question} [y/N] `)
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    prompt.close()
  }
}
