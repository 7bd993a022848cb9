// Width of the last hidden layer, with heads that learn or stay (scripts/figure6).
const WIDTHS = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1024, 1448, 2048, 2896, 4096, 5793, 8192, 11585,
];

const frozen = (name: string, title: string, heads: string[]) => {
  const trainable = heads.map((head) => `${head}:false`).join(',');
  return { name: `d_sweep_${name}`, title, values: { teacher_trainable: trainable, student_trainable: trainable } };
};

export const figure6 = {
  name: 'figure6',
  title: 'Width of the last hidden layer, and frozen heads',
  note: "Frozen heads are frozen on both sides, as the conditions' names say: two of the original's scripts do what the other's name says.",
  base: { m: 10, teacher_hidden_dims: [256, '$width'], student_hidden_dims: [256, '$width'] },
  axes: [{ name: 'width', values: WIDTHS }],
  conditions: [
    { name: 'd_sweep_baseline', title: 'all layers learn' },
    { name: 'd_sweep_baseline_emnist', title: 'all layers learn, EMNIST, m = 50', values: { dataset: 'emnist', emnist_split: 'balanced', m: 50 } },
    frozen('fixed_class_head', 'class heads frozen', ['class_head']),
    frozen('fixed_aux_head', 'auxiliary heads frozen', ['aux_head']),
    frozen('fixed_aux_class_head', 'both heads frozen', ['class_head', 'aux_head']),
  ],
  figures: [
    {
      name: 'accuracy', title: 'Student accuracy against the width of the last hidden layer', axis: 'width', x_label: 'Width D', x_scale: 'log', measures: ['student_final_acc'],
      y_label: 'Student test accuracy',
    },
    { name: 'teacher', title: 'Teacher accuracy', axis: 'width', x_label: 'Width D', x_scale: 'log', measures: ['teacher_final_acc'], y_label: 'Teacher test accuracy' },
  ],
};
