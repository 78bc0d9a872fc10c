import { limits } from '../config/limits.ts'
import { PrefixTrie } from '../mask/secrets/trie.ts'
import { compileSet } from './linear-pattern.ts'

/** What says cheaply that a pattern cannot match a text. */
export type Candidate = {
  readonly pattern: string
  readonly instructions: number
  /** In lower case; one has to stand in the text. Empty: none has to. */
  readonly words: readonly string[]
}

/**
 * Which of many patterns may match a text, by their positions in the list: those of which a word stands
 * in it, and of those without words the ones that a set of patterns says. Each text is looked through
 * once, however many patterns there are: the last answer is kept, since all are asked about one text
 * before the next. `check` is called after each set. All words together are at most `ruleWordBytes`.
 */
export function candidatesOf(
  list: readonly Candidate[],
  check: () => void,
): (text: string) => ReadonlySet<number> {
  const trie = new PrefixTrie(
    list.flatMap(({ words }, index) => words.map((word) => [Buffer.from(word), index] as const)),
  )
  const wordless = list.flatMap(({ words }, index) => (words.length === 0 ? [index] : []))
  const sets = setsOf(list, wordless)
  let last: string | undefined
  let answer: ReadonlySet<number> = new Set()
  return (text) => {
    if (text === last) return answer
    const found = new Set<number>()
    if (wordless.length < list.length) addByWords(trie, Buffer.from(text.toLowerCase()), found)
    for (const { match, members } of sets) {
      for (const position of match(text)) found.add(members[position] ?? -1)
      check()
    }
    last = text
    answer = found
    return found
  }
}

type PatternSet = {
  readonly match: (text: string) => readonly number[]
  /** The positions in the list. */
  readonly members: readonly number[]
}

function setsOf(list: readonly Candidate[], wordless: readonly number[]): readonly PatternSet[] {
  const sets: number[][] = []
  let instructions = Number.POSITIVE_INFINITY
  for (const index of wordless) {
    const more = list[index]?.instructions ?? 0
    instructions += more
    if (instructions > limits.setInstructions || sets.at(-1)?.length === limits.patternsOfSet) {
      sets.push([])
      instructions = more
    }
    sets.at(-1)?.push(index)
  }
  return sets.map((members) => {
    return { match: compileSet(members.map((index) => list[index]?.pattern ?? '')), members }
  })
}

function addByWords(trie: PrefixTrie<number>, text: Uint8Array, found: Set<number>): void {
  for (let at = 0; at < text.length; at++) {
    let node = 0
    for (let next = at; next < text.length; next++) {
      node = trie.step(node, text[next] ?? 0)
      if (node === 0) break
      for (const index of trie.valuesAt(node) ?? []) found.add(index)
    }
  }
}
