// Runs before Pele: local time is UTC, now is 1970 and chance is fixed, so that a source has one drawing.
(() => {
  const Real = Date, P = Date.prototype;
  for (const part of ['FullYear', 'Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds', 'Milliseconds']) {
    P['get' + part] = P['getUTC' + part];
    if (part !== 'Day') P['set' + part] = P['setUTC' + part];
  }
  P.getTimezoneOffset = () => 0;
  const bare = /^\s*[+-]?\d{4,6}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s*$/;
  const at = args => args.length === 0 ? 0 : args.length > 1 ? Real.UTC(...args)
    : typeof args[0] === 'string' && bare.test(args[0]) ? args[0].trim().replace(' ', 'T') + 'Z' : args[0];
  globalThis.Date = class extends Real { constructor(...args) { super(at(args)); } };
  globalThis.Date.now = () => 0;
  Math.random = () => 0.5;
})();
