// Noise on one of the student's heads before it learns (scripts/figure5).
const perturbed = (head: string, title: string) => ({
  name: `perturb_student_${head}`, title,
  values: { perturb_specs: [{ target: 'student', layers: [head], std: '$std', timing: 'before_student_training', include_weight: true, include_bias: true }] },
});

export const figure5 = {
  name: 'figure5',
  title: "Perturbed student heads",
  note: 'All layers from source A; Gaussian noise on weight and bias of one head of the student, before it is trained.',
  base: { m: 10 },
  axes: [{ name: 'std', values: { rule: 'linspace', from: 0, to: 0.2, count: 40 } }],
  conditions: [perturbed('aux_head', 'auxiliary head perturbed'), perturbed('class_head', 'class head perturbed')],
  figures: [{
    name: 'accuracy', title: 'Student accuracy under a perturbed head', axis: 'std', x_label: "Standard deviation of the perturbation", measures: ['student_final_acc'],
    y_label: 'Student test accuracy', chance: true,
  }],
};
