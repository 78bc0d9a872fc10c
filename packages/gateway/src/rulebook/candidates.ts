import { RE2Set } from 're2js'
import { PrefixTrie } from '../mask/secrets/trie.ts'

/** What says cheaply that a pattern cannot match a text. */
export type Candidate = {
  readonly pattern: string
  /** In lower case; one has to stand in the text. Empty: none has to. */
  readonly words: readonly string[]
}

/**
 * Which of many patterns may match a text, by their positions in the list: those of which a word stands
 * in it, and of those without words the ones that a set of patterns says. Each text is looked through
 * once, however many patterns there are: the last answer is kept, since all are asked about one text
 * before the next. Linear in the text.
 */
export function candidatesOf(list: readonly Candidate[]): (text: string) => ReadonlySet<number> {
  const trie = new PrefixTrie(
    list.flatMap(({ words }, index) => words.map((word) => [Buffer.from(word), index] as const)),
  )
  const wordless = list.flatMap(({ words }, index) => (words.length === 0 ? [index] : []))
  const sets: { readonly set: RE2Set; readonly members: readonly number[] }[] = []
  for (let from = 0; from < wordless.length; from += patternsOfSet) {
    const members = wordless.slice(from, from + patternsOfSet)
    const set = new RE2Set()
    for (const index of members) set.add(list[index]?.pattern ?? '')
    set.compile()
    sets.push({ set, members })
  }
  let last: string | undefined
  let answer: ReadonlySet<number> = new Set()
  return (text) => {
    if (text === last) return answer
    const found = new Set<number>()
    if (wordless.length < list.length) addByWords(trie, Buffer.from(text.toLowerCase()), found)
    for (const { set, members } of sets) {
      for (const position of set.match(text)) found.add(members[position] ?? -1)
    }
    last = text
    answer = found
    return found
  }
}

/**
 * Patterns in one set. Its states multiply: sets of twice as many were a thousand times slower when they were
 * measured.
 */
const patternsOfSet = 50

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
