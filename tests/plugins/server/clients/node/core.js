// The vendor's Node core, called as its generated SDK calls it.
'use strict';

const { default: Client, OpenApiUtil, $OpenApiUtil, ClientError } = require('@alicloud/openapi-core');
const { RuntimeOptions } = require('@darabonba/typescript');
const { main } = require('./steps');

function connect(order, secret) {
  const client = new Client(new $OpenApiUtil.Config({
    accessKeyId: order.KeyId,
    accessKeySecret: secret,
    regionId: 'cn-hangzhou',
    endpoint: order.Endpoint,
    protocol: 'HTTP',
  }));
  return async (action, fields) => {
    const posted = action === 'CreateJob';
    const params = new $OpenApiUtil.Params({
      action,
      version: '2019-04-30',
      protocol: 'HTTPS',
      pathname: '/',
      method: posted ? 'POST' : 'GET',
      authType: 'AK',
      style: 'RPC',
      reqBodyType: 'formData',
      bodyType: 'json',
    });
    const { Priority, ...body } = fields;
    const query = posted ? { RegionId: 'cn-hangzhou', ...(Priority === undefined ? {} : { Priority }) } : fields;
    const request = new $OpenApiUtil.OpenApiRequest({ query: OpenApiUtil.query(query) });
    if (posted) request.body = OpenApiUtil.parseToMap(OpenApiUtil.query(body));
    return (await client.callApi(params, request, new RuntimeOptions({}))).body;
  };
}

function seen(fault) {
  return {
    class: fault instanceof ClientError ? 'ClientError' : fault.constructor.name,
    code: fault.code,
    message: fault.message,
    status: fault.statusCode,
    request: fault.requestId,
  };
}

main({ connect, seen });
