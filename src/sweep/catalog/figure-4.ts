// Auxiliary outputs and amount of noise (scripts/figure4).
const roots = (from: number, to: number) => ({ rule: 'root-two-powers', from, to });
const accuracy = { measures: ['student_final_acc'], y_label: 'Student test accuracy' };

export const figure4 = {
  name: 'figure4',
  title: 'Auxiliary outputs and steps of noise',
  note: 'A step is a batch of 1000 noise images; there are five epochs of so many steps.',
  conditions: [
    { name: 'noise_m_sweep', title: 'm and steps', axes: [{ name: 'm', values: roots(0, 20) }, { name: 'noise_steps', values: roots(0, 20) }] },
    { name: 'm1_noise_sweep', title: 'one auxiliary output', values: { m: 1 }, axes: [{ name: 'noise_steps', values: roots(1, 26) }] },
    { name: 'noise1_m_sweep', title: 'one step an epoch', values: { noise_steps: 1 }, axes: [{ name: 'm', values: roots(1, 26) }] },
  ],
  figures: [
    {
      name: 'map', title: 'Student accuracy over m and steps of noise', kind: 'heat', conditions: ['noise_m_sweep'], axis: 'noise_steps', x_label: 'Steps an epoch',
      rows: 'm', row_label: 'Auxiliary outputs m', ...accuracy,
    },
    {
      name: 'one_output', title: 'One auxiliary output', conditions: ['m1_noise_sweep'], axis: 'noise_steps', x_label: 'Steps an epoch', x_scale: 'log', chance: true, ...accuracy,
    },
    {
      name: 'one_step', title: 'A thousand noise images an epoch', conditions: ['noise1_m_sweep'], axis: 'm', x_label: 'Auxiliary outputs m', x_scale: 'log', chance: true, ...accuracy,
    },
  ],
};
