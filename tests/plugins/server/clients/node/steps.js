// What every client is asked to do, in the order of the tests. `call(action, fields)` gives the answer's body.
'use strict';

const SOME = 50; // ms

async function steps(call, order) {
  const scoped = (fields) => ({ ...order.Scope, ...fields });
  const create = (job) => call('CreateJob', scoped(job));
  const execute = async (job, parameters) => {
    const answer = await call('ExecuteJob', scoped({ JobId: job, InstanceParameters: parameters }));
    if (!answer.Data) throw new Error(JSON.stringify(answer));
    return answer.Data.JobInstanceId;
  };
  const until = async (job, instance, statuses) => {
    for (;;) {
      const answer = await call('GetJobInstance', scoped({ JobId: job, JobInstanceId: instance }));
      const detail = answer.Data.JobInstanceDetail;
      if (statuses.includes(detail.Status)) return detail;
      await new Promise((done) => setTimeout(done, SOME));
    }
  };

  const said = {};
  said.created = await create(order.Job);
  said.again = await create(order.Job).catch((fault) => ({ raised: fault.name, ...fault.data }));
  const job = said.created.Data.JobId;
  said.ended = await until(job, await execute(job, order.InstanceParameters), [4, 5]);

  const sleeper = (await create(order.Sleeper)).Data.JobId;
  const instance = await execute(sleeper, '');
  await until(sleeper, instance, [3]);
  said.stop = await call('StopInstance', scoped({ JobId: sleeper, InstanceId: instance }));
  said.stopped = await until(sleeper, instance, [4, 5]);
  return said;
}

async function main(client) {
  let text = '';
  for await (const part of process.stdin) text += part;
  const order = JSON.parse(text);
  const said = await steps(client.connect(order, order.KeySecret), order);
  try {
    await client.connect(order, 'wrong')('CreateJob', { ...order.Scope, ...order.Job });
  } catch (fault) {
    said.refused = client.seen(fault);
  }
  console.log(JSON.stringify(said));
}

module.exports = { main };
