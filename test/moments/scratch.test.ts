import { test, expect } from 'vitest';
import { openCore } from '../../src/core/index.js';
import { Stepper, Tensor } from '../../src/tensor/index.js';
import { reluMarginals, reluJoint } from '../../src/moments/activations-relu.js';
import { writeFileSync } from 'node:fs';
const core = await openCore();
test('x', () => {
  const s = new Stepper(core);
  const rows: number[][] = [];
  s.step((tape) => {
    for (const [m1,m2,s1,s2,r] of [[.7,-.4,1.3,.8,.6],[.7,-.4,1.3,.8,.9],[.7,-.4,1.3,.8,-.9],[.7,.4,1.3,.8,.99],[-3,-3.1,1,1,.8],[-3,-3.1,1,1,-.8],[-5,-5,1,1,.76],[5,4,1,1,.76],[-1,2,1,1,.74],[-1,2,1,1,.76],[-8,-8,1,1,.76],[1,1,1,1,1],[1,-1,1,1,-1],[.5,.3,1,1,-.9999],[-2,-2.0001,1,1,.999999]] as number[][]) {
      const c = r!*s1!*s2!;
      const j = reluJoint(tape, { mean: tape.from([m1!, m2!], [1,2], 'float64'), covariance: tape.from([s1!*s1!, c, c, s2!*s2!], [1,2,2], 'float64') });
      rows.push([m1!,m2!,s1!,s2!,r!, ...j.mean.toArray(), ...j.covariance.toArray()]);
    }
  });
  writeFileSync('/tmp/fit/out.json', JSON.stringify(rows));
  const n = 100;
  for (const strength of [0.1, 1, 10]) {
    const A = Float64Array.from({length: n*n}, (_, i) => Math.sin(i*i*1.37+i));
    const C = new Float64Array(n*n);
    for (let i=0;i<n;i++) for (let k=0;k<n;k++) { let t=0; for (let q=0;q<n;q++) t+=A[i*n+q]!*A[k*n+q]!; C[i*n+k]=t + strength*strength*5; }
    const mean = Tensor.from(core, Float64Array.from({length:n},(_, i)=>Math.sin(i)*3), [1,n], 'float64');
    const cov = Tensor.from(core, C, [1,n,n], 'float64');
    const v = Tensor.from(core, Float64Array.from({length:n},(_, i)=>1+Math.abs(Math.sin(i))), [1,n], 'float64');
    s.step((tape)=>{ for (let i=0;i<200;i++) reluJoint(tape,{mean,covariance:cov}); });
    let t=performance.now(); 
    s.step((tape)=>{ for (let i=0;i<200;i++) reluJoint(tape,{mean,covariance:cov}); });
    console.log('joint n=100 us', (performance.now()-t)/200*1000, 'r01', C[1]!/Math.sqrt(C[0]!*C[n+1]!));
    for (let q=0;q<3;q++){ t=performance.now(); s.step((tape)=>{ for (let i=0;i<20000;i++) reluMarginals(tape,{mean,variance:v}); }); console.log('marg us', (performance.now()-t)/20000*1000);}
    const k = core.kernels; const o = v.pointer;
    const buf = Tensor.zeros(core,[n],'float64');const buf2 = Tensor.zeros(core,[n],'float64');
    t=performance.now(); for (let i=0;i<100000;i++) k.gaussian_relu_marginals_f64(mean.pointer, o, n, 0, buf.pointer, buf2.pointer); console.log('marg kernel us', (performance.now()-t)/100000*1000);
  }
  expect(1).toBe(1);
});
