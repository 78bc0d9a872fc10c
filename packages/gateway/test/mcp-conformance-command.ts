/**
 * The command that the conformance suite starts as its client: says which scenario it is and where the suite's server
 * listens to the address in its first argument, and ends when the client that is run there has.
 */
const [control = '', url] = process.argv.slice(2)
const context = process.env.MCP_CONFORMANCE_CONTEXT
const response = await fetch(control, {
  method: 'POST',
  body: JSON.stringify({ url, context: context === undefined ? {} : JSON.parse(context) }),
})
process.stdout.write(await response.text())
process.exitCode = response.ok ? 0 : 1
