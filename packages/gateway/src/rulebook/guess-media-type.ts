/**
 * How a text is read that comes without a media type: by its form, where that leaves no doubt. Everything else is
 * plain text.
 */
export function guessMediaType(text: string): string {
  if (isJson(text)) return 'application/json'
  const start = text.trimStart().slice(0, 64)
  if (/^<(?:!doctype html|html)\b/i.test(start)) return 'text/html'
  if (start.startsWith('<?xml')) return 'application/xml'
  const boundary = /^--([\w'()+,./:=?-]{1,70})\r?\n/.exec(text)?.[1]
  if (boundary !== undefined && text.includes(`\n--${boundary}--`)) {
    return `multipart/form-data; boundary="${boundary}"`
  }
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line !== '')
  if (isEvents(lines)) return 'text/event-stream'
  if (lines.length > 1 && lines.every(isRecord)) return 'application/x-ndjson'
  if (isTable(lines)) return 'text/csv'
  const [only = ''] = lines
  return lines.length === 1 && form.test(only) ? 'application/x-www-form-urlencoded' : 'text/plain'
}

/** Two fields and more: one alone may be a line of a configuration. */
const form = /^[\w.*+%[\]-]+=[^\s&=]*(?:&[\w.*+%[\]-]+=[^\s&=]*)+$/

function isJson(text: string): boolean {
  if (!/^\s*[[{"]/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const isRecord = (line: string): boolean => /^\s*[[{]/.test(line) && isJson(line)

function isEvents(lines: readonly string[]): boolean {
  const fields = lines.every((line) => /^(?:(?:data|event|id|retry)(?::|$)|:)/.test(line))
  return fields && lines.some((line) => line.startsWith('data:'))
}

/** A head of names, and rows of as many cells. */
function isTable(lines: readonly string[]): boolean {
  const [head = '', ...rows] = lines
  if (rows.length === 0 || !/^"?[A-Za-z_]\w*"?(?:,"?[A-Za-z_]\w*"?)+$/.test(head)) return false
  const columns = head.split(',').length
  return rows.every((row) => row.replace(/"(?:[^"]|"")*"/g, '').split(',').length === columns)
}
