import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { Failure } from './exit.ts'

/** A text file, or `-` for stdin. What is no UTF-8 in it becomes U+FFFD. */
export async function readFileOrStdin(path: string, bytesMax: number): Promise<string> {
  return (await readBytes(path, bytesMax)).toString('utf8')
}

/** A file as it is, or `-` for stdin. */
export async function readBytes(path: string, bytesMax: number): Promise<Buffer> {
  if (path === '-') return readStdin(bytesMax)
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch {
    throw new Failure('usage', `${path} cannot be read.`, { cure: 'Check the path.' })
  }
  if (bytes.length <= bytesMax) return bytes
  throw new Failure('usage', `${path} holds more than ${bytesMax} bytes.`)
}

async function readStdin(bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > bytesMax) throw new Failure('usage', `stdin holds more than ${bytesMax} bytes.`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

/** 16 KiB: as long as the headers that carry it. */
const secretBytesMax = 16_384

/**
 * A key or token from a file or stdin: never from a flag, where every process of the machine could read
 * it. One line; surrounding blanks are not part of it.
 */
export async function readSecret(path: string, what: string): Promise<string> {
  const secret = (await readFileOrStdin(path, secretBytesMax)).trim()
  if (!/^[\x21-\x7e]+$/.test(secret)) {
    throw new Failure('usage', `There is no ${what} in ${path === '-' ? 'stdin' : path}.`)
  }
  return secret
}

/** The same at once, from a file, where it is read again and again. */
export function readTokenFile(path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch {
    throw new Failure('usage', `${path} cannot be read.`, { cure: 'Check the path.' })
  }
  if (text.length <= secretBytesMax && /^[\x21-\x7e]+$/.test(text)) return text
  throw new Failure('usage', `There is no token in ${path}.`)
}

/** Whether a person can be asked: both ends are a terminal. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** Asks on stderr; an empty answer is the preset. */
export async function askFor(question: string, preset: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await lines.question(`${question}${preset === '' ? '' : ` (${preset})`} `)
    return answer.trim() === '' ? preset : answer.trim()
  } finally {
    lines.close()
  }
}

/** Asks for what must not be seen on the screen. */
export async function askHidden(question: string): Promise<string> {
  const { stdin } = process
  // Before the question is seen: whoever types at once must not see it echoed.
  stdin.setRawMode(true)
  process.stderr.write(`${question} `)
  try {
    return await readHidden()
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    process.stderr.write('\n')
  }
}

async function readHidden(): Promise<string> {
  let typed = ''
  for await (const chunk of process.stdin) {
    for (const key of String(chunk)) {
      if (key === '\u0003') throw new Failure('interrupted', 'Interrupted.')
      if (key === '\r' || key === '\n' || key === '\u0004') return typed.trim()
      typed = key === '\u007f' ? typed.slice(0, -1) : typed + key
    }
  }
  return typed.trim()
}
