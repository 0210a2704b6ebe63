// One call, in a thread of its own: the function, and `run`, all that it knows of its run.
'use strict'
const path = require('node:path')
const { createRequire } = require('node:module')
const { parentPort, workerData } = require('node:worker_threads')

const { run: name, facts, secrets, code } = workerData
const stops = []
const owed = new Map()
let keys = 0

// Say something that the worker answers.
const request = (message) =>
  new Promise((done, failed) => {
    owed.set(++keys, { done, failed })
    parentPort.postMessage({ ...message, key: keys })
  })

const run = {
  name,
  key: facts.key,
  job: facts.job,
  attempt: facts.attempt,
  parameters: facts.parameters,
  instanceParameters: facts.instance_parameters,
  shard: facts.shard,
  payload: facts.payload,
  upstream: facts.upstream,
  saved: facts.saved,
  deadline: facts.deadline,
  stopping: false,
  secret(which) {
    if (!Object.hasOwn(secrets, which)) throw new Error(`the job does not list secret ${which} under XAttrs.secrets`)
    return secrets[which]
  },
  progress: (done, total) => parentPort.postMessage({ type: 'progress', done, total }),
  checkpoint: (data) => request({ type: 'checkpoint', data }),
  map: (items, task, key) => request({ type: 'map', items, name: task, key }),
  onStop: (callback) => (run.stopping ? callback() : stops.push(callback)),
  // What was written so far has left this thread.
  logged: () => new Promise((done) => process.stdout.write('', () => setImmediate(done))),
}

parentPort.on('message', ({ key, error, stop }) => {
  if (stop) {
    run.stopping = true
    for (const callback of stops.splice(0)) callback()
  } else if (error === null) {
    owed.get(key).done()
  } else {
    owed.get(key).failed(new Error(error))
  }
})

const AsyncFunction = (async () => {}).constructor

function read(value) {
  if (value === undefined || value === null) return { cause: 'succeeded' }
  if (typeof value === 'object' && !Array.isArray(value)) return { cause: 'succeeded', outputs: value }
  return { cause: 'succeeded', result: typeof value === 'string' ? value : JSON.stringify(value) }
}

new AsyncFunction('run', 'require', code)(run, createRequire(path.join(process.cwd(), 'job.js')))
  .then(read, (error) => {
    const text = error instanceof Error ? error.stack : String(error)
    process.stderr.write(`${text}\n`)
    const cause = error?.code === 'MODULE_NOT_FOUND' ? 'dependency_missing' : 'failed'
    return { cause, result: String(error?.message ?? error).split('\n')[0], evidence: [{ source: 'exception', text }] }
  })
  .then((outcome) => {
    parentPort.postMessage({ outcome })
    return run.logged()
  })
  .then(() => process.exit(0)) // timers that it left must not keep its run going
