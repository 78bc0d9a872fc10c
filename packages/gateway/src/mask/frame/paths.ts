import type { McpMethod } from '../../model/function.ts'
import type { Path } from '../path.ts'
import type { DetectionPlan } from '../plan.ts'

/**
 * The same plan for frames: paths of its rules begin at the structured result. Texts, errors and notifications are no
 * places a path can name, so a rule that hides covers all of them, and one that lets be covers none.
 */
export function inFrames(plan: DetectionPlan, method: McpMethod): DetectionPlan {
  const rules = plan.rules.map((rule) => {
    if (rule.paths === undefined) return rule
    const structured = rule.paths.map((path) => documentOf(method) + path.slice(1))
    const lets = rule.strategy.kind === 'keep' && rule.recognise === undefined
    return { ...rule, paths: lets ? structured : [...structured, ...textsOf(method)] }
  })
  return { ...plan, rules, emptyPlace: emptyPlaceIn(plan, documentOf(method)) }
}

/** The schema is of the structured result; what stands around it is the protocol's, which has no nulls. */
function emptyPlaceIn(
  { emptyPlace }: DetectionPlan,
  document: string,
): NonNullable<DetectionPlan['emptyPlace']> {
  return (path) => {
    const structured = document !== '$.result' && /^[.[]/.test(path.slice(document.length))
    if (!structured || !path.startsWith(document)) return 'mark'
    return emptyPlace?.(`$${path.slice(document.length)}`) ?? 'null'
  }
}

/** The path from any object below, and not only from the top. */
export function anywhere({ text, segments }: Path): Path {
  const [first, ...rest] = segments
  // Everything is hidden: each member then, so that an object remains.
  if (first === undefined) {
    return { text, segments: [{ descendant: false, selectors: [{ kind: 'wildcard' }] }] }
  }
  return { text, segments: [{ ...first, descendant: true }, ...rest] }
}

function documentOf(method: McpMethod): string {
  if (method === 'tools/call') return '$.result.structuredContent'
  return method === 'elicitation/create' ? '$.result.content' : '$.result'
}

function textsOf(method: McpMethod): readonly string[] {
  const around = ['$.error', '$.params', '$.result._meta']
  switch (method) {
    case 'tools/call':
      return [...around, '$.result.content']
    case 'resources/read':
      return [...around, '$.result.contents']
    case 'prompts/get':
      return [...around, '$.result.description', '$.result.messages']
    default:
      return around
  }
}
