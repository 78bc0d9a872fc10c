import type { CedarJson } from './cedar.ts'
import type { DecimalValue, IpValue, Long, RecordValue, Value } from './value.ts'

/** A value in the JSON form Cedar takes; `undefined` for one that it cannot be told. */
export function toCedar(value: Value): CedarJson | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return value
  // Cedar's JSON numbers come through doubles, so a longer integer is told as a function of text.
  if (typeof value === 'bigint') return extension('toMilliseconds', durationOf(value))
  switch (value.kind) {
    case 'entity':
      return { __entity: { type: value.type, id: value.id } }
    case 'set':
      return value.items.map(toCedar).filter((item) => item !== undefined)
    case 'record':
      return toCedarRecord(value)
    case 'decimal':
      return extension('decimal', decimalText(value))
    case 'datetime':
      return extension('offset', extension('datetime', '1970-01-01'), durationOf(value.ms))
    case 'duration':
      return durationOf(value.ms)
    case 'ip':
      return extension('ip', ipText(value))
    case 'unreadable':
      return undefined
  }
}

export function toCedarRecord({ fields }: RecordValue): Record<string, CedarJson> {
  const told = [...fields].flatMap(([name, field]) => {
    const value = toCedar(field)
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(told)
}

function extension(fn: string, ...args: readonly CedarJson[]): CedarJson {
  return { __extn: { fn, args: [...args] } }
}

function durationOf(ms: Long): CedarJson {
  return extension('duration', `${ms}ms`)
}

function decimalText({ units }: DecimalValue): string {
  const digits = `${units}`.replace('-', '').padStart(5, '0')
  return `${units < 0 ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`
}

function ipText({ bits, address, prefix }: IpValue): string {
  const width = bits === 32 ? 8n : 16n
  const count = bits === 32 ? 4 : 8
  const mask = (1n << width) - 1n
  const parts = Array.from({ length: count }, (_, at) => {
    const part = (address >> (width * BigInt(count - 1 - at))) & mask
    return part.toString(bits === 32 ? 10 : 16)
  })
  return `${parts.join(bits === 32 ? '.' : ':')}/${prefix}`
}
