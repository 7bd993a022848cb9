import { describe, expect, it } from 'vitest';
import { describeRemaining, describeSeconds, RemainingTime } from '../../src/web/page/remaining.js';

describe('the remaining time', () => {
  it('is not told before it is known', () => {
    const time = new RemainingTime();
    time.add(0, 0);
    time.add(1, 10);
    expect(time.estimate(100)).toBeUndefined();
    expect(describeRemaining(undefined)).toBe('');
  });
  it('follows how fast the run went of late, not at its beginning', () => {
    const time = new RemainingTime();
    for (let second = 0; second <= 10; second++) time.add(second, 10 * second);
    expect(time.estimate(50)).toBeCloseTo(5);
    for (let second = 11; second <= 60; second++) time.add(second, 100 + (second - 10));
    expect(time.estimate(50)).toBeCloseTo(50);
  });
  it('reads as people say it', () => {
    expect([1, 42, 600, 9000].map(describeRemaining)).toEqual(['about a second left', 'about 42 seconds left', 'about 10 minutes left', 'about 2.5 hours left']);
    expect([3.21, 125].map(describeSeconds)).toEqual(['3.2 s', '2 min 5 s']);
  });
});
