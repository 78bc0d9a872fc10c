import { parsePath, type Segment } from '../mask/path.ts'
import type { ArgumentMask } from '../model/function.ts'
import { type Reads, touches } from '../policy/reads.ts'

/**
 * Why an expression may not stand in a clearance whose words are recorded and told to people; undefined: it may.
 * What reads an argument that a mask hides has to name its value, and so would show it. `names` are the attributes
 * it mentions. Where a path leaves open what it means, the expression is taken to read it.
 */
export function hiddenRead(
  masks: readonly Pick<ArgumentMask, 'path'>[],
  { reads, names }: { readonly reads: Reads; readonly names: ReadonlySet<string> },
): string | undefined {
  const hidden = masks.find(({ path }) => {
    const read = parsePath(path)
    if ('problem' in read) return true
    const named = lastNames(read.segments)
    const isNamed = named === undefined || named.some((name) => names.has(name))
    return isNamed && touches(reads, ['args', ...leadingNames(read.segments)])
  })
  return hidden && `It reads what is hidden from people: \`${hidden.path}\`.`
}

/** As far down as the path leads to one place. */
function leadingNames(segments: readonly Segment[]): readonly string[] {
  const names: string[] = []
  for (const { descendant, selectors } of segments) {
    const [selector, another] = selectors
    if (descendant || another || selector?.kind !== 'name') break
    names.push(selector.name)
  }
  return names
}

/** What the last part of the path that has names calls it; undefined: any name could be meant. */
function lastNames(segments: readonly Segment[]): readonly string[] | undefined {
  const last = segments.findLast(({ selectors }) => selectors.some(({ kind }) => kind === 'name'))
  if (!last || last.selectors.some(({ kind }) => kind !== 'name')) return undefined
  return last.selectors.flatMap((one) => (one.kind === 'name' ? [one.name] : []))
}
