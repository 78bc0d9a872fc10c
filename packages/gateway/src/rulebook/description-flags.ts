import { isJsonObject, type Json } from '../model/json.ts'

/** One place of a description that a person has to look at twice. `why` holds no word of the upstream's. */
export type DescriptionFlag = {
  /** Members from the outside in. */
  readonly at: readonly string[]
  readonly why: string
}

/**
 * What in a description is hidden from people, or speaks to a model instead of describing. A hint for whoever accepts
 * it and no verdict: words can be put otherwise, and what finds nothing here has been read by nobody. Pure; linear.
 */
export function flagsOf(description: Json): readonly DescriptionFlag[] {
  const flags: DescriptionFlag[] = []
  const look = (at: readonly string[], text: string) => {
    for (const why of reasonsIn(text.slice(0, charsMax))) {
      if (flags.length < flagsMax) flags.push({ at, why })
    }
  }
  const walk = (value: Json, at: readonly string[], depth: number): void => {
    if (depth > depthMax || flags.length >= flagsMax) return
    if (typeof value === 'string') look(at, value)
    else if (Array.isArray(value)) {
      for (const [index, one] of value.entries()) walk(one, [...at, String(index)], depth + 1)
    } else if (isJsonObject(value)) {
      for (const [name, one] of Object.entries(value)) {
        look([...at, name], name)
        walk(one, [...at, name], depth + 1)
      }
    }
  }
  walk(description, [], 0)
  return flags
}

const flagsMax = 50
const depthMax = 64
// Of one text: a description is at most as long.
const charsMax = 65_536

function reasonsIn(text: string): readonly string[] {
  // Written apart, in other letters or with characters between that nobody sees, it is the same to a model.
  const plain = text
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}|\p{Cf}/gu, '')
    .replace(/\s+/g, ' ')
  return [
    ...hidden.flatMap(([pattern, why]) => (pattern.test(text) ? [why] : [])),
    ...spoken.flatMap(([pattern, why]) => (pattern.test(plain) ? [why] : [])),
  ]
}

const hidden: readonly (readonly [RegExp, string])[] = [
  [/[\u{e0000}-\u{e007f}]/u, 'tag characters, which nobody sees and a model reads'],
  [/[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/u, 'characters that turn the direction of text'],
  [
    /\u034f|\u17b4|\u17b5|[\u180b-\u180d]|\u180f|[\u{e0100}-\u{e01ef}]|[\u00ad\u115f\u1160\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0]/u,
    'characters that nobody sees',
  ],
  [/(?![\t\n\r])\p{Cc}/u, 'control characters'],
  [/\p{Co}|\p{Cs}/u, 'characters without a meaning'],
  [
    /\p{Script=Latin}[\p{Script=Cyrillic}\p{Script=Greek}]|[\p{Script=Cyrillic}\p{Script=Greek}]\p{Script=Latin}/u,
    'a word in letters of two scripts',
  ],
  [/\n{12}|[ \t]{80}/, 'much empty room, with text behind it'],
  [/[A-Za-z0-9+/]{200}/, 'a long text in Base64 or the like'],
]

const spoken: readonly (readonly [RegExp, string])[] = [
  [
    /\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instruction|prompt|rule|guideline|polic(?:y|ies)|restriction|above|previous)/i,
    'says to ignore instructions',
  ],
  [
    /\b(?:do not|don'?t|never|without)\b.{0,30}\b(?:tell|telling|inform|informing|mention|mentioning|notify|notifying|show|showing|reveal|revealing|ask|asking|warn|alert)\b.{0,30}\b(?:user|human|person|anyone|anybody|confirm)/i,
    'says to keep something from the user',
  ],
  [
    /<\/?(?:system|important|secret|instructions?|assistant|admin|hidden|s|INST)>|\[\/?INST\]|<\|[a-z_]+\|>|\b(?:system prompt|developer message)\b/i,
    'imitates a system message',
  ],
  [
    /\b(?:before|after|instead of|when|whenever)\b.{0,30}\b(?:us(?:e|ing)|call(?:ing)?|invok(?:e|ing)|run(?:ning)?)\b.{0,30}\b(?:any|other|another|every|all|this) (?:other )?tools?\b/i,
    'tells how other tools are to be used',
  ],
  [
    /\b(?:the (?:model|assistant|agent|ai|llm) (?:must|should|has to|needs to|is required to)|you must (?:always|first|also|never|not))\b/i,
    'tells the model what to do',
  ],
  [
    /\b(?:\.ssh|id_rsa|id_ed25519|\.env\b|mcp\.json|\.aws\/credentials|\/etc\/passwd|private keys?\b|api keys? of)/i,
    'names files of secrets',
  ],
  [
    /\b(?:conversation history|previous messages|chat history|entire (?:conversation|context)|whole conversation)\b/i,
    'asks for the conversation',
  ],
  [
    /\b(?:send|post|forward|upload|exfiltrate|append|bcc|copy)\b.{0,60}(?:https?:\/\/|\b[\w.+-]+@[\w-]+\.\w)/i,
    'says to send something to an address',
  ],
  [/!\[[^\]]{0,200}\]\(https?:/i, 'embeds a picture from elsewhere'],
]
