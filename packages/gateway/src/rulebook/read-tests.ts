import { nearest } from '../config/schema-problem.ts'
import { readYaml } from '../config/yaml.ts'
import type { Problem } from '../model/rulebook.ts'
import { type Flaw, problemAt, type Site } from './flaw.ts'
import type { RulebookFile } from './folder.ts'
import { type TestForm, testsForm } from './forms.ts'
import { pathProblem } from './masks.ts'

/** One row of tests/*.yaml and where it stands. */
export type PolicyTest = TestForm & { readonly file: string; readonly line: number }

/** Reads tests/*.yaml. `known` are the ids a test may name; absent while they could not all be read. */
export function readTests(
  files: readonly RulebookFile[],
  known:
    | { readonly functions: readonly string[]; readonly policies: readonly string[] }
    | undefined,
  problems: Problem[],
): readonly PolicyTest[] {
  return files.flatMap(({ file, text }) => {
    const { value, problems: found, positionOf } = readYaml(text, file, testsForm)
    problems.push(...found)
    const site: Site = { file, positionOf }
    return (value ?? []).map((form, index) => {
      const flaws = [...testFlaws(form), ...(known ? nameFlaws(form, known) : [])]
      problems.push(...flaws.map((flaw) => problemAt(site, flaw, [index])))
      return { ...form, file, line: positionOf([index]).line }
    })
  })
}

function testFlaws(form: TestForm): Flaw[] {
  const flaws: Flaw[] = []
  if (form.groups !== undefined && form.expect !== 'hold') {
    const message = '`groups` says who has to approve, so it needs `expect: hold`.'
    flaws.push({ path: ['groups'], message })
  }
  if (form.fields !== undefined && form.expect === 'deny') {
    flaws.push({ path: ['fields'], message: 'A denied call lets no fields through.' })
  }
  for (const [index, path] of (form.fields ?? []).entries()) {
    const message = pathProblem(path)
    if (message !== undefined) flaws.push({ path: ['fields', index], message })
  }
  return flaws
}

function nameFlaws(
  form: TestForm,
  known: { readonly functions: readonly string[]; readonly policies: readonly string[] },
): Flaw[] {
  const flaws: Flaw[] = []
  if (!known.functions.includes(form.call)) {
    const message = `There is no function \`${form.call}\`.`
    flaws.push({ path: ['call'], message, ...didYouMean(form.call, known.functions) })
  }
  for (const [index, id] of (form.by ?? []).entries()) {
    if (known.policies.includes(id)) continue
    const message = `There is no policy \`${id.slice(0, 100)}\`.`
    flaws.push({ path: ['by', index], message, ...didYouMean(id, known.policies) })
  }
  return flaws
}

function didYouMean(word: string, known: readonly string[]): { readonly hint?: string } {
  const near = nearest(word, known)
  return near ? { hint: `Did you mean \`${near}\`?` } : {}
}
