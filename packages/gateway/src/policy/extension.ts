import {
  add,
  type DatetimeValue,
  type DecimalValue,
  type DurationValue,
  type IpValue,
  type Long,
  subtract,
  toLong,
  type Value,
} from './value.ts'

/** A function on values; `undefined` is an evaluation error. */
export type Operation = (args: readonly Value[]) => Value | undefined

/**
 * Cedar's extension functions (decimal, ipaddr, datetime, duration), by the name they have in its JSON
 * form, with how many arguments each takes. What is not in this table is left to Cedar itself.
 */
export const extensions: Readonly<Record<string, { arity: number; apply: Operation }>> = {
  decimal: { arity: 1, apply: ofText(parseDecimal) },
  lessThan: { arity: 2, apply: compareDecimals((left, right) => left < right) },
  lessThanOrEqual: { arity: 2, apply: compareDecimals((left, right) => left <= right) },
  greaterThan: { arity: 2, apply: compareDecimals((left, right) => left > right) },
  greaterThanOrEqual: { arity: 2, apply: compareDecimals((left, right) => left >= right) },
  ip: { arity: 1, apply: ofText(parseIp) },
  isIpv4: { arity: 1, apply: ofIp(({ bits }) => bits === 32) },
  isIpv6: { arity: 1, apply: ofIp(({ bits }) => bits === 128) },
  isLoopback: { arity: 1, apply: ofIp(isLoopback) },
  isMulticast: { arity: 1, apply: ofIp(isMulticast) },
  isInRange: {
    arity: 2,
    apply: ([ip, range]) => (isIp(ip) && isIp(range) ? isInRange(ip, range) : undefined),
  },
  datetime: { arity: 1, apply: ofText(parseDatetime) },
  offset: {
    arity: 2,
    apply: ([at, by]) =>
      isDatetime(at) && isDuration(by) ? datetime(add(at.ms, by.ms)) : undefined,
  },
  durationSince: {
    arity: 2,
    apply: ([at, since]) =>
      isDatetime(at) && isDatetime(since) ? duration(subtract(at.ms, since.ms)) : undefined,
  },
  toDate: { arity: 1, apply: ([at]) => (isDatetime(at) ? toDate(at) : undefined) },
  toTime: { arity: 1, apply: ([at]) => (isDatetime(at) ? duration(timeOfDay(at)) : undefined) },
  duration: { arity: 1, apply: ofText(parseDuration) },
  toMilliseconds: { arity: 1, apply: ofDuration(1n) },
  toSeconds: { arity: 1, apply: ofDuration(1000n) },
  toMinutes: { arity: 1, apply: ofDuration(60_000n) },
  toHours: { arity: 1, apply: ofDuration(3_600_000n) },
  toDays: { arity: 1, apply: ofDuration(86_400_000n) },
}

const dayMs = 86_400_000n

/** `12.5` to `12.5000`: at least one digit on each side, at most four behind the point. */
export function parseDecimal(text: string): DecimalValue | undefined {
  const [, sign, whole, fraction] = /^(-?)(\d+)\.(\d{1,4})$/.exec(text) ?? []
  if (whole === undefined || fraction === undefined || whole.length > 20) return undefined
  const units = toLong(BigInt(`${sign}${whole}${fraction.padEnd(4, '0')}`))
  return units === undefined ? undefined : { kind: 'decimal', units }
}

/** An address or a CIDR range. IPv4 inside IPv6 notation is refused, as Cedar does. */
export function parseIp(text: string): IpValue | undefined {
  const [, host = '', prefixText] = /^([^/]*)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? []
  const v4 = parseIpv4(host)
  const address = v4 ?? parseIpv6(host)
  if (address === undefined) return undefined
  const bits = v4 === undefined ? 128 : 32
  const prefix = prefixText === undefined ? bits : Number(prefixText)
  return prefix > bits ? undefined : { kind: 'ip', bits, address, prefix }
}

/** `2026-11-21`, or with time and zone: `2026-11-21T10:00:00Z`, `…10:00:00.250+0100`. */
export function parseDatetime(text: string): DatetimeValue | undefined {
  const match =
    /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?(?:Z|([+-])(\d\d)(\d\d)))?$/.exec(
      text,
    )
  if (!match) return undefined
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0, ms = 0] = match
    .slice(1, 8)
    .map((part) => Number(part ?? 0))
  const [zoneHours, zoneMinutes] = [Number(match[9] ?? 0), Number(match[10] ?? 0)]
  if (hours > 23 || minutes > 59 || seconds > 59 || zoneHours > 23 || zoneMinutes > 59) {
    return undefined
  }
  const midnight = midnightOf(year, month, day)
  if (midnight === undefined) return undefined
  const zoneMs = (zoneHours * 60 + zoneMinutes) * 60_000 * (match[8] === '-' ? -1 : 1)
  return {
    kind: 'datetime',
    ms: midnight + ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms - zoneMs,
  }
}

/** `1d2h3m4s5ms`, in this order, at least one of them, with one sign for all. */
export function parseDuration(text: string): DurationValue | undefined {
  const match = /^(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text)
  if (!match || match.slice(2).every((part) => part === undefined)) return undefined
  // No part of a duration that fits 64 bits has more digits; leading zeros beyond that are refused.
  if (match.slice(2).some((part) => part !== undefined && part.length > 40)) return undefined
  const [days = 0n, hours = 0n, minutes = 0n, seconds = 0n, ms = 0n] = match
    .slice(2)
    .map((part) => BigInt(part ?? 0))
  const total = days * dayMs + hours * 3_600_000n + minutes * 60_000n + seconds * 1000n + ms
  return duration(toLong(match[1] ? -total : total))
}

/** `undefined` where the month or the day does not exist. Years 0 to 99 are those years. */
function midnightOf(year: number, month: number, day: number): number | undefined {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return exists && month > 0 && day > 0 ? date.getTime() : undefined
}

function parseIpv4(text: string): bigint | undefined {
  const part = '(0|[1-9]\\d{0,2})'
  const match = new RegExp(`^${part}\\.${part}\\.${part}\\.${part}$`).exec(text)
  if (!match) return undefined
  const octets = match.slice(1).map(Number)
  if (octets.some((octet) => octet > 255)) return undefined
  return octets.reduce((address, octet) => (address << 8n) | BigInt(octet), 0n)
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head = [], tail] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const given = [...head, ...(tail ?? [])]
  if (tail === undefined ? given.length !== 8 : given.length > 7) return undefined
  if (!given.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined
  const zeros = Array<string>(8 - given.length).fill('0')
  const groups = [...head, ...zeros, ...(tail ?? [])]
  return groups.reduce((address, group) => (address << 16n) | BigInt(`0x${group}`), 0n)
}

function isLoopback({ bits, address, prefix }: IpValue): boolean {
  if (bits === 32) return address >> 24n === 127n && prefix >= 8
  return address === 1n && prefix === 128
}

function isMulticast({ bits, address, prefix }: IpValue): boolean {
  if (bits === 32) return address >> 28n === 14n && prefix >= 4
  return address >> 120n === 255n && prefix >= 8
}

/** Whether the whole of one range lies in the other. */
function isInRange(ip: IpValue, range: IpValue): boolean {
  if (ip.bits !== range.bits || ip.prefix < range.prefix) return false
  const ignored = BigInt(range.bits - range.prefix)
  return ip.address >> ignored === range.address >> ignored
}

function toDate(at: DatetimeValue): DatetimeValue | undefined {
  return datetime(subtract(at.ms, timeOfDay(at)))
}

function timeOfDay({ ms }: DatetimeValue): number {
  return Number(((BigInt(ms) % dayMs) + dayMs) % dayMs)
}

function datetime(ms: Long | undefined): DatetimeValue | undefined {
  return ms === undefined ? undefined : { kind: 'datetime', ms }
}

function duration(ms: Long | undefined): DurationValue | undefined {
  return ms === undefined ? undefined : { kind: 'duration', ms }
}

function isDecimal(value: Value | undefined): value is DecimalValue {
  return typeof value === 'object' && value.kind === 'decimal'
}

function isIp(value: Value | undefined): value is IpValue {
  return typeof value === 'object' && value.kind === 'ip'
}

function isDatetime(value: Value | undefined): value is DatetimeValue {
  return typeof value === 'object' && value.kind === 'datetime'
}

function isDuration(value: Value | undefined): value is DurationValue {
  return typeof value === 'object' && value.kind === 'duration'
}

function ofText(parse: (text: string) => Value | undefined): Operation {
  return ([text]) => (typeof text === 'string' ? parse(text) : undefined)
}

function ofIp(test: (ip: IpValue) => boolean): Operation {
  return ([ip]) => (isIp(ip) ? test(ip) : undefined)
}

function ofDuration(unitMs: bigint): Operation {
  return ([span]) => (isDuration(span) ? toLong(BigInt(span.ms) / unitMs) : undefined)
}

function compareDecimals(holds: (left: Long, right: Long) => boolean): Operation {
  return ([left, right]) =>
    isDecimal(left) && isDecimal(right) ? holds(left.units, right.units) : undefined
}
