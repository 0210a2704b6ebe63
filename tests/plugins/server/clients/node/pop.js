// The vendor's older Node core. POST puts all that is sent into the form, GET into the query: `node pop.js GET`.
'use strict';

const { RPCClient } = require('@alicloud/pop-core');
const { main } = require('./steps');

const method = process.argv[2];

function connect(order, secret) {
  const client = new RPCClient({
    accessKeyId: order.KeyId,
    accessKeySecret: secret,
    endpoint: `http://${order.Endpoint}`,
    apiVersion: '2019-04-30',
  });
  return (action, fields) => client.request(action, { RegionId: 'cn-hangzhou', ...fields }, { method });
}

function seen(fault) {
  return {
    class: fault.name,
    code: fault.code,
    message: fault.data.Message,
    status: fault.entry.response.statusCode,
    request: fault.data.RequestId,
  };
}

main({ connect, seen });
