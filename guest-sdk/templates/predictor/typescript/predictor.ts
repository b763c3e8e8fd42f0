import { Failure, http, predictor } from './karat/index.js';

interface Parameters {
  url: string;
}

export const {{scorer}} = predictor<Parameters>(
  { summary: 'the application behind `url`', parameters: { url: { type: 'string' } } },
  ({ inputs }, { url }, { traceparent = '' }) => {
    const reply = http.post(`${url}/answer`, inputs, { headers: { traceparent } });
    // The host asks again where that may help.
    if (reply.status !== 200) throw new Failure(`the application answered with status ${reply.status}`, 'unavailable');
    return reply.json().answer;
  },
);
