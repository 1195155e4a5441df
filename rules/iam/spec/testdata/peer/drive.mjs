// Runs another program's evaluator over requests given as JSON lines and
// writes its answers, one a line. The evaluator is an npm package that the test
// installs into a cache folder (the first argument); nothing of it is kept here.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'

const require = createRequire(process.argv[2] + '/')
const { runSimulation } = require('@cloud-copilot/iam-simulate')

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const { id, simulation } = JSON.parse(line)
  let answer
  try {
    const r = await runSimulation(simulation, {})
    answer = r.resultType === 'error'
      ? { error: JSON.stringify(r.errors) }
      : { result: r.overallResult, ignored: r.result?.ignoredContextKeys ?? [] }
  } catch (e) {
    answer = { error: String(e.message ?? e) }
  }
  process.stdout.write(JSON.stringify({ id, ...answer }) + '\n')
}
