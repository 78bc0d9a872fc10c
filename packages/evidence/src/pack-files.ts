import { isJsonObject, jsonOf } from './verify/json.ts'

/** What the checks read of an item. */
export type PackItem = {
  readonly id: string
  readonly campaign: string
  readonly grant: string
  readonly content: string
  readonly tier: string
  readonly state: string
  readonly reopened: string | undefined
  readonly decisions: readonly {
    readonly by: string
    readonly decision: string
    /** Whether it was opened before it was decided. */
    readonly looked: boolean
  }[]
}

/** Digests of the files by their names; undefined for what is no manifest. */
export function readManifest(bytes: Uint8Array): ReadonlyMap<string, string> | undefined {
  const value = jsonOf(bytes)
  if (!isJsonObject(value) || value.v !== packVersion || !Array.isArray(value.files)) {
    return undefined
  }
  const files = value.files.map((file): readonly [string, string] | undefined => {
    if (!isJsonObject(file)) return undefined
    const { name, sha256 } = file
    const isNamed = typeof name === 'string' && /^[a-z][a-z0-9.-]{0,63}$/.test(name)
    return isNamed && typeof sha256 === 'string' ? [name, sha256] : undefined
  })
  const known = files.filter((file) => file !== undefined)
  return known.length === files.length ? new Map(known) : undefined
}

const packVersion = 'sallyport-review/1'

/** One line is one item. `wrong` is told of each that is none. */
export function readItems(
  lines: readonly string[],
  wrong: (about: string) => void,
): readonly PackItem[] {
  return lines.flatMap((line, at) => {
    const item = readItem(jsonOf(new TextEncoder().encode(line)))
    if (!item) wrong(`items.ndjson line ${at + 1}`)
    return item ?? []
  })
}

function readItem(value: unknown): PackItem | undefined {
  if (!isJsonObject(value) || !Array.isArray(value.decisions)) return undefined
  const { id, campaign, grant, content, tier, state, reopened } = value
  const texts = [id, campaign, grant, content, tier, state]
  if (!texts.every((text) => typeof text === 'string')) return undefined
  const decisions = value.decisions.map((one) => {
    return isJsonObject(one) && typeof one.by === 'string' && typeof one.decision === 'string'
      ? { by: one.by, decision: one.decision, looked: typeof one.dwellMs === 'number' }
      : undefined
  })
  const known = decisions.filter((one) => one !== undefined)
  if (known.length !== decisions.length) return undefined
  return {
    ...{ id: `${id}`, campaign: `${campaign}`, grant: `${grant}`, content: `${content}` },
    ...{ tier: `${tier}`, state: `${state}`, decisions: known },
    reopened: typeof reopened === 'string' ? reopened : undefined,
  }
}
