// An anyjob executor in Node (18 or later, no packages): JSON lines on standard input and output, as the page
// core/docs/protocol.md of anyjob describes them. A run is a function in a thread of its own (call.js).
//
// FOLDER/RUN.json says that a run was begun, and later its outcome. So the next process knows what surely never began,
// what is over, and that nobody can know the rest.
'use strict'
const fs = require('node:fs')
const path = require('node:path')
const readline = require('node:readline')
const vm = require('node:vm')
const { finished } = require('node:stream/promises')
const { Worker } = require('node:worker_threads')

const THREADS = 32 // calls at once; further ones wait
const PIECE = 524288 // bytes of log in one message

const calls = new Map() // those that are not over, by run
const waiting = []
const asked = new Map() // requests of ours that the worker has not answered
let folder = null
let numbers = 0

const say = (message) => process.stdout.write(JSON.stringify(message) + '\n')
const log = (run, data) => {
  for (let at = 0; at < data.length; at += PIECE) {
    say({ type: 'log', run, base64: data.subarray(at, at + PIECE).toString('base64') })
  }
}
const record = (run) => path.join(folder, `${run}.json`)
const unknown = (text) => ({ cause: 'unknown', evidence: [{ source: 'node', text }] })

function recorded(run) {
  try {
    return JSON.parse(fs.readFileSync(record(run), 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
}

// ------------------------------------------------------------------ calls

class Call {
  constructor(request) {
    this.request = request
    this.run = request.run
    this.asked = false // to stop
    this.forced = false
  }

  begin() {
    if (this.asked) return this.over({ cause: 'stopped' })
    const { facts, spec, secrets } = this.request
    this.thread = new Worker(path.join(__dirname, 'call.js'), {
      workerData: { run: this.run, facts, secrets, code: spec.code },
      env: facts.environment,
      stdout: true,
      stderr: true,
      resourceLimits: spec.heap === null ? {} : { maxOldGenerationSizeMb: spec.heap },
    })
    let outcome = null
    for (const stream of [this.thread.stdout, this.thread.stderr]) stream.on('data', (data) => log(this.run, data))
    this.thread.on('error', (error) => {
      const cause = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out_of_memory' : 'failed'
      outcome = { cause, result: `${error.name}: ${error.message}`, evidence: [{ source: 'node', text: String(error) }] }
    })
    this.thread.on('message', (message) => {
      if (message.outcome) outcome = message.outcome
      else this.told(message)
    })
    this.thread.on('exit', async (code) => {
      await Promise.allSettled([finished(this.thread.stdout), finished(this.thread.stderr)])
      if (this.forced) outcome = { cause: 'stopped' }
      this.over(outcome ?? { cause: code === 0 ? 'succeeded' : 'exit_code', code })
    })
  }

  // What the function says while it runs; what has a `key` waits for an answer.
  told({ key, ...message }) {
    if (key === undefined) return say({ ...message, run: this.run })
    const id = ++numbers
    asked.set(id, (answer) => this.thread.postMessage({ key, error: answer.type === 'ok' ? null : answer.message }))
    say({ ...message, run: this.run, id })
  }

  stop(stage) {
    this.asked = true
    if (stage === 'FORCE') {
      this.forced = true
      this.thread?.terminate()
    } else {
      this.thread?.postMessage({ stop: true })
    }
    if (waiting.includes(this)) {
      waiting.splice(waiting.indexOf(this), 1)
      this.over({ cause: 'stopped' })
    }
  }

  over(outcome) {
    if (this.asked) {
      outcome.stop = { strength: 'REPORTED', by: 'the thread has ended', evidence: [], survivors: [] }
    }
    fs.writeFileSync(`${record(this.run)}.new`, JSON.stringify({ outcome }), { mode: 0o600 })
    fs.renameSync(`${record(this.run)}.new`, record(this.run))
    calls.delete(this.run)
    say({ type: 'result', run: this.run, outcome })
    if (calls.size - waiting.length < THREADS) waiting.shift()?.begin()
  }
}

// ------------------------------------------------------------------ requests

const verbs = {
  health: () => ({ state: 'healthy' }),
  ping: () => ({}),

  start(request) {
    try {
      new vm.Script(`(async (run, require) => {\n${request.spec.code}\n})`)
    } catch (error) {
      const remedy = `is no JavaScript: ${error.message}; correct it`
      return { type: 'error', problems: [{ field: 'Content', value: request.spec.code.slice(0, 60), remedy }] }
    }
    fs.writeFileSync(record(request.run), '{}', { flag: 'wx', mode: 0o600 })
    const call = new Call(request)
    calls.set(call.run, call)
    setImmediate(() => {
      if (calls.size - waiting.length <= THREADS) call.begin()
      else waiting.push(call)
    })
    return { handle: { run: call.run } }
  },

  watch({ run }) {
    if (calls.has(run)) return {}
    const outcome = recorded(run)?.outcome ?? unknown('the call died with the process that made it')
    setImmediate(() => say({ type: 'result', run, outcome }))
    return {}
  },

  stop({ run, stage }) {
    const call = calls.get(run)
    call?.stop(stage)
    const strength = calls.has(run) ? 'ASKED' : 'REPORTED'
    const by = call ? (stage === 'FORCE' ? 'terminate()' : 'run.onStop') : 'it is not going on'
    return { stop: { strength, by, evidence: [], survivors: [] } }
  },

  find({ run }) {
    const known = recorded(run)
    if (known === null) return { never: true }
    if (calls.has(run)) return { handle: { run } }
    return { outcome: known.outcome ?? unknown('the call died with the process that made it') }
  },

  clean({ run }) {
    fs.rmSync(record(run), { force: true })
    return {}
  },
}

function take(line) {
  const message = JSON.parse(line)
  const { type, id, re } = message
  if (re !== undefined) {
    asked.get(re)?.(message)
    asked.delete(re)
  } else if (type === 'welcome') {
    folder = message.folder
  } else if (type === 'refused') {
    console.error(message.why)
    process.exit(1)
  } else if (Object.hasOwn(verbs, type)) {
    try {
      say({ type: 'ok', re: id, ...verbs[type](message) })
    } catch (error) {
      say({ type: 'error', re: id, message: String(error) })
    }
  } else if (id !== undefined) {
    say({ type: 'unsupported', re: id })
  }
}

// The end of the input: the worker is gone or lets go. Calls cannot outlive this process.
readline.createInterface({ input: process.stdin, crlfDelay: Infinity }).on('line', take).on('close', () => process.exit(0))
say({ type: 'hello', protocols: [1], role: 'executor', software: `anyjob-node 0.1, node ${process.version}` })
