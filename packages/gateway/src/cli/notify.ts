import type { Command } from 'commander'
import type { ChannelListed, ChannelTested } from '../admin/contract.ts'
import { signedInApi } from './api.ts'
import { adminUrlOption, examples, outputOption } from './declare.ts'
import { Failure } from './exit.ts'
import { err, type Format, say, tellOne, tellRows } from './output.ts'
import { marks } from './style.ts'
import { visible } from './visible.ts'

export function declare(program: Command): void {
  const notify = program
    .command('notify')
    .summary('list and test how people are told')
    .description('The channels of gateway.yaml, by which people hear of what waits for them.')
    .addHelpText('beforeAll', examples('sallyport notify ls', 'sallyport notify test ops-slack'))
  notify
    .command('ls')
    .summary('list the channels and what they did since the start')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(list)
  notify
    .command('test <channel>')
    .summary('tell a message that says it is a test')
    .addOption(adminUrlOption())
    .addOption(outputOption())
    .action(test)
}

type Common = { readonly adminUrl?: string; readonly output: Format }

async function list({ adminUrl, output }: Common): Promise<void> {
  const api = signedInApi(adminUrl, process.env)
  const max = Number.POSITIVE_INFINITY
  const { rows } = await api.list<ChannelListed>('/notify/channels', { max })
  tellRows(rows, {
    format: output,
    none: 'gateway.yaml names no channel: nobody is told.',
    columns: [
      { title: 'CHANNEL', value: ({ name }) => name, whole: true },
      { title: 'KIND', value: ({ kind }) => kind, whole: true },
      { title: 'SENT', value: ({ sent }) => String(sent), whole: true },
      { title: 'FAILED', value: ({ failed }) => String(failed), whole: true },
      { title: 'GIVEN UP', value: ({ given_up }) => String(given_up), whole: true },
      { title: 'TROUBLE', value: ({ trouble }) => trouble ?? '' },
    ],
  })
}

async function test(channel: string, { adminUrl, output }: Common): Promise<void> {
  const path = `/notify/channels/${encodeURIComponent(channel)}/test`
  const tested: ChannelTested = await signedInApi(adminUrl, process.env).post(path, {})
  if (output !== 'table') tellOne(tested, output, () => [])
  if (!tested.sent) {
    throw new Failure('failed', `${channel} did not take it: ${tested.why ?? 'unknown'}.`, {
      cure: 'Look at the channel in gateway.yaml, and at what its other side says.',
    })
  }
  say(`${err.green(marks.ok)} ${visible(channel)} took a test message.`)
}
