import { type FormatName, fullFormats } from 'ajv-formats/dist/formats.js'

/**
 * The `format`s that arguments may use. Each is asked about hostile text, so the text is cut off at a
 * length where even a slow expression is quick; a longer one fits no format.
 */
export const formats: Readonly<Record<string, Format>> = {
  ...Object.fromEntries(checked().map((name) => [name, bounded(name)])),
  // These say how a value is meant or shown; there is nothing to check.
  password: true,
  binary: true,
  float: true,
  double: true,
  int32: { type: 'number', validate: (value: number) => Number.isInteger(value) && fits32(value) },
  int64: { type: 'number', validate: (value: number) => Number.isInteger(value) },
}

type Format =
  | true
  | ((text: string) => boolean)
  | { readonly type: 'number'; readonly validate: (value: number) => boolean }

const formatCharsMax = 1024

function checked(): readonly FormatName[] {
  return [
    'date',
    'time',
    'date-time',
    'duration',
    'email',
    'hostname',
    'ipv4',
    'ipv6',
    'uri',
    'uuid',
    'byte',
    'json-pointer',
  ]
}

function bounded(name: FormatName): (text: string) => boolean {
  const format = fullFormats[name]
  const test = testOf(format)
  return (text) => text.length <= formatCharsMax && test(text)
}

function testOf(format: unknown): (text: string) => boolean {
  if (format instanceof RegExp) return (text) => format.test(text)
  if (typeof format === 'function') return (text) => format(text) === true
  if (typeof format === 'object' && format !== null && 'validate' in format) {
    return testOf(format.validate)
  }
  throw new TypeError('a format without a check')
}

function fits32(value: number): boolean {
  return value >= -2_147_483_648 && value <= 2_147_483_647
}
