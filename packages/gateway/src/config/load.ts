import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import type { Problem } from '../model/rulebook.ts'
import type { SecretReference } from '../model/secret.ts'
import type { Config, StoreConfig } from './config.ts'
import { limits } from './limits.ts'
import type { ChannelConfig } from './notify.ts'
import { configSchema } from './schema.ts'
import { readYaml } from './yaml.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads gateway.yaml, or the defaults when `path` is undefined, with single values overridden from the
 * environment. Lists every problem at once. Paths in the file are relative to it; paths from the
 * environment and the defaults to the working directory.
 */
export function loadConfig(
  path: string | undefined,
  env: Environment,
): { readonly config: Config } | { readonly problems: readonly Problem[] } {
  const file = path ?? 'gateway.yaml'
  const text = path === undefined ? { text: '' } : readText(path)
  if ('problem' in text) return { problems: [text.problem] }
  const overrides = readOverrides(env)
  const base = path === undefined ? process.cwd() : dirname(resolve(path))
  const { value, problems } = readYaml(text.text, file, configSchema, (raw) =>
    withOverrides(raw, overrides.values),
  )
  if (value === undefined || overrides.problems.length > 0) {
    return { problems: [...overrides.problems, ...problems] }
  }
  return { config: withAbsolutePaths(value, base) }
}

/** At most `limits.yamlBytes` of text. */
export function readText(path: string): { readonly text: string } | { readonly problem: Problem } {
  const at = { file: path, line: 0, column: 0 }
  try {
    if (statSync(path).size > limits.yamlBytes) {
      return { problem: { ...at, message: `The file is longer than ${limits.yamlBytes} bytes.` } }
    }
    return { text: readFileSync(path, 'utf8') }
  } catch {
    const hint = 'Check the path and that this user may read it.'
    return { problem: { ...at, message: 'The file could not be read.', hint } }
  }
}

/** What the environment may set: single values only, `SALLYPORT_` and the path in capitals. */
const overridable: readonly (readonly [kind: 'text' | 'number' | 'switch', ...path: string[]])[] = [
  ['text', 'instance'],
  ['text', 'origin'],
  ['text', 'home'],
  ['text', 'store', 'postgres'],
  ['text', 'rulebook'],
  ['text', 'listen', 'host'],
  ['number', 'listen', 'port'],
  ['switch', 'listen', 'http2'],
  ['text', 'listen', 'tls', 'cert'],
  ['text', 'listen', 'tls', 'key'],
  ['text', 'admin', 'host'],
  ['number', 'admin', 'port'],
  ['text', 'approvals', 'hold'],
  ['text', 'approvals', 'holdMax'],
  ['text', 'approvals', 'decideBy'],
  ['text', 'approvals', 'claimBy'],
  ['number', 'callLimits', 'concurrentCalls'],
  ['number', 'callLimits', 'callsPerCaller'],
  ['number', 'callLimits', 'heldResultBytes'],
  ['number', 'callLimits', 'chunkCommitBytes'],
]
const pathNames = new Set(['home', 'rulebook', 'cert', 'key'])

type Override = { readonly path: readonly string[]; readonly value: Json }

function readOverrides(env: Environment): {
  readonly values: readonly Override[]
  readonly problems: readonly Problem[]
} {
  const values: Override[] = []
  const problems: Problem[] = []
  for (const [kind, ...path] of overridable) {
    const name = variableName(path)
    const text = env[name]
    if (text === undefined || text === '') continue
    const value = readOverride(kind, text, path)
    if (value !== undefined) values.push({ path, value })
    else {
      const wanted = kind === 'number' ? 'a whole number' : '`true` or `false`'
      const message = `${name} has to be ${wanted}.`
      problems.push({ file: 'environment', line: 0, column: 0, message })
    }
  }
  return { values, problems }
}

/** `callLimits.heldResultBytes` → `SALLYPORT_CALL_LIMITS_HELD_RESULT_BYTES`. */
function variableName(path: readonly string[]): string {
  const words = path.map((step) => step.replace(/[A-Z]/g, (letter) => `_${letter}`))
  return `SALLYPORT_${words.join('_').toUpperCase()}`
}

function readOverride(
  kind: 'text' | 'number' | 'switch',
  text: string,
  path: readonly string[],
): Json | undefined {
  if (kind === 'number') return /^\d{1,15}$/.test(text) ? Number(text) : undefined
  if (kind === 'switch') return text === 'true' ? true : text === 'false' ? false : undefined
  const isPath = pathNames.has(path.at(-1) ?? '') && text !== 'memory'
  return isPath ? resolve(text) : text
}

function withOverrides(raw: Json, overrides: readonly Override[]): Json {
  // Something that is no mapping is left for the schema to complain about.
  return isJsonObject(raw) ? overrides.reduce(withOverride, raw) : raw
}

function withOverride(object: JsonObject, { path, value }: Override): JsonObject {
  const [name, ...below] = path
  if (name === undefined) return object
  if (below.length === 0) return { ...object, [name]: value }
  const member = object[name] ?? {}
  const changed = isJsonObject(member) ? withOverride(member, { path: below, value }) : member
  return { ...object, [name]: changed }
}

function withAbsolutePaths(config: Config, base: string): Config {
  const { home, store, rulebook, listen, notify } = config
  const tls = listen.tls && {
    cert: resolve(base, listen.tls.cert),
    key: resolve(base, listen.tls.key),
  }
  return {
    ...config,
    home: home === 'memory' ? home : resolve(base, home),
    ...(store && { store: { ...store, postgres: absoluteUrl(store.postgres, base) } }),
    rulebook: resolve(base, rulebook),
    listen: { ...listen, tls },
    notify: {
      ...notify,
      channels: mapValues(notify.channels, (one) => absoluteSecrets(one, base)),
    },
  }
}

function absoluteUrl(url: StoreConfig['postgres'], base: string): StoreConfig['postgres'] {
  return typeof url === 'object' && 'file' in url ? { file: resolve(base, url.file) } : url
}

function absoluteSecrets(channel: ChannelConfig, base: string): ChannelConfig {
  const found = (secret: SecretReference): SecretReference =>
    'file' in secret ? { file: resolve(base, secret.file) } : secret
  switch (channel.kind) {
    case 'webhook': {
      const { secret, otherSecret } = channel
      return { ...channel, secret: found(secret), otherSecret: otherSecret && found(otherSecret) }
    }
    case 'slack': {
      const { token, signingSecret } = channel
      return {
        ...channel,
        token: found(token),
        signingSecret: signingSecret && found(signingSecret),
      }
    }
    case 'email':
      return { ...channel, password: channel.password && found(channel.password) }
  }
}

function mapValues<Value>(
  all: Readonly<Record<string, Value>>,
  change: (value: Value) => Value,
): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, change(value)]))
}
