import { once } from 'node:events'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import type { JsonArguments } from './json-arguments.ts'
import { say } from './output.ts'
import { visible, visibleLines } from './visible.ts'

/**
 * What a result holds, for people and pipes: the structured result as JSON, numbers as they were written; else its
 * texts, and what binary a resource is. Everything else is named on stderr.
 */
export async function printResult(
  result: JsonArguments,
  { method, whole }: { readonly method: string; readonly whole: boolean },
): Promise<void> {
  const { values } = result
  if (whole) return print(`${jsonOf(result)}\n`)
  if (isJsonObject(values.structuredContent)) {
    return print(`${result.textOf('structuredContent')}\n`)
  }
  if (method === 'prompts/get') {
    for (const { role, content } of objectsIn(values.messages)) {
      for (const one of objectsIn(content)) await printContent(one, `${visible(String(role))}: `)
    }
    return
  }
  if (method === 'completion/complete') return print(`${result.textOf('completion')}\n`)
  const parts = method === 'resources/read' ? values.contents : values.content
  for (const part of objectsIn(parts)) await printContent(part, '')
}

/** The members of one, with the texts their numbers were written in. */
function jsonOf({ names, textOf }: JsonArguments): string {
  return `{${names.map((name) => `${JSON.stringify(name)}:${textOf(name)}`).join(',')}}`
}

function objectsIn(value: Json | undefined): readonly JsonObject[] {
  const listed = Array.isArray(value) ? value : [value]
  return listed.filter((one) => isJsonObject(one))
}

async function printContent(content: JsonObject, before: string): Promise<void> {
  const inner = isJsonObject(content.resource) ? content.resource : content
  if (typeof inner.text === 'string') return print(`${before}${inner.text}\n`)
  const bytes = inner.blob ?? inner.data
  const type = visible(String(inner.mimeType ?? content.type ?? 'something'))
  const isResource = typeof inner.blob === 'string'
  if (isResource && typeof bytes === 'string' && !process.stdout.isTTY) {
    return print(Buffer.from(bytes, 'base64'))
  }
  const size = typeof bytes === 'string' ? `, ${Buffer.byteLength(bytes, 'base64')} bytes` : ''
  const where = typeof inner.uri === 'string' ? ` ${visible(inner.uri)}` : ''
  say(`${before}[${type}${where}${size}; --json shows it]`)
}

async function print(text: string | Uint8Array): Promise<void> {
  const isText = typeof text === 'string'
  const shown = isText && process.stdout.isTTY ? visibleLines(text) : text
  if (!process.stdout.write(shown)) await once(process.stdout, 'drain')
}
