// Which layers teacher and student must share, over the width of the auxiliary head (scripts/figure2).
const condition = (name: string, title: string, student_init: string) => ({ name, title, values: { student_init } });

export const figure2 = {
  name: 'figure2',
  title: 'Initialisation controls over the auxiliary dimension',
  note: 'Teacher: all layers from source A. Layers are fc1, fc2, class_head, aux_head.',
  axes: [{ name: 'm', values: [3, 10, 25, 50, 100, 250] }],
  conditions: [
    condition('same_init', 'same initialisation', 'A,A,A,A'),
    condition('rand_first_hid', 'first hidden layer random', 'random,A,A,A'),
    condition('rand_sec_hid', 'second hidden layer random', 'A,random,A,A'),
    condition('rand_both_hid', 'both hidden layers random', 'random,random,A,A'),
    condition('rand_class_head', 'class head random', 'A,A,random,A'),
    condition('rand_aux_head', 'auxiliary head random', 'A,A,A,random'),
  ],
  figures: [{
    name: 'accuracy', title: 'Student accuracy by what it shares with the teacher', axis: 'm', x_label: 'Auxiliary outputs m', x_scale: 'log',
    measures: ['student_final_acc'], y_label: 'Student test accuracy', chance: true,
  }],
};
