import { Argument, type Command } from 'commander'
import { examples } from './declare.ts'
import { tell } from './output.ts'

const shells = ['bash', 'zsh', 'fish'] as const

export function declare(program: Command): void {
  program
    .command('completion')
    .summary('print shell completion')
    .addArgument(new Argument('<shell>', 'your shell').choices(shells))
    .addHelpText(
      'before',
      examples(
        'source <(sallyport completion bash)',
        `sallyport completion zsh > "\${fpath[1]}/_sallyport"`,
        'sallyport completion fish > ~/.config/fish/completions/sallyport.fish',
      ),
    )
    .action((shell: string) => run(program, shell))
}

/** `program` is complete: main.ts loads every command when completion is asked for. */
function run(program: Command, shell: string): void {
  const words = wordsOf(program, '')
  const scripts: Readonly<Record<string, (words: Words) => string[]>> = { bash, zsh, fish }
  for (const line of scripts[shell]?.(words) ?? []) tell(line)
}

/** What may follow each command, by its path: `functions import` → `openapi`, `--help`. */
type Words = readonly (readonly [path: string, next: readonly string[]])[]

function wordsOf(command: Command, path: string): Words {
  const below = command.commands.flatMap((one) => wordsOf(one, `${path} ${one.name()}`.trim()))
  const options = command.options.map(({ long, short }) => long ?? short ?? '')
  const names = command.commands.map((one) => one.name())
  const extra = path === '' ? ['help'] : []
  return [[path, [...names, ...extra, ...options, '--help']], ...below]
}

/** How the path so far is found: words that continue a known path do, all others are arguments. */
function steps(words: Words): string {
  return words.flatMap(([path]) => (path === '' ? [] : [`'${path}'`])).join('|')
}

function choices(words: Words): string[] {
  return words.map(([path, next]) => `    '${path}') next='${next.join(' ')}' ;;`)
}

function bash(words: Words): string[] {
  return [
    '_sallyport() {',
    "  local word at='' next=''",
    `  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do`,
    `    case "\${at:+$at }$word" in ${steps(words)}) at="\${at:+$at }$word" ;; esac`,
    '  done',
    '  case "$at" in',
    ...choices(words),
    '  esac',
    `  COMPREPLY=($(compgen -W "$next" -- "\${COMP_WORDS[COMP_CWORD]}"))`,
    `  [[ \${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))`,
    '}',
    'complete -F _sallyport sallyport',
  ]
}

function zsh(words: Words): string[] {
  return [
    '#compdef sallyport',
    '_sallyport() {',
    "  local word at='' next=''",
    `  for word in "\${(@)words[2,CURRENT-1]}"; do`,
    `    case "\${at:+$at }$word" in ${steps(words)}) at="\${at:+$at }$word" ;; esac`,
    '  done',
    '  case "$at" in',
    ...choices(words),
    '  esac',
    `  compadd -- \${=next} || _files`,
    '}',
    'if [ "$funcstack[1]" = "_sallyport" ]; then _sallyport; else compdef _sallyport sallyport; fi',
  ]
}

function fish(words: Words): string[] {
  return [
    'function __sallyport_at',
    "  set -l at ''",
    '  for word in (commandline -opc)[2..]',
    '    set -l next (string trim "$at $word")',
    `    if contains -- "$next" ${steps(words).replaceAll('|', ' ')}`,
    '      set at "$next"',
    '    end',
    '  end',
    '  test "$at" = "$argv[1]"',
    'end',
    ...words.map(
      ([path, next]) =>
        `complete -c sallyport -n "__sallyport_at '${path}'" -a '${next.join(' ')}'`,
    ),
  ]
}
