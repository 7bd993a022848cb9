// Class counts and architectures that differ between teacher and student (scripts/figure3).
const WIDTHS = [8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1024, 1448, 2048, 2896, 4096];
const BOTH = [10, 50];
const HEADS_SHARED = 'random,random,A,A';

const convolution = (name: string, out_channels: number, kernel_size: number) => ({
  name, type: 'conv2d', out_channels, kernel_size: 3, padding: 1, activation: 'relu', pool: { type: 'max', kernel_size },
});

const firstWidth = (m: number) => ({
  name: `student_first_layer_d_sweep_m${m}`, title: `m = ${m}`, axes: [{ name: 'first_width', values: WIDTHS }],
  values: { m, student_init: HEADS_SHARED, student_hidden_dims: ['$first_width', 256] },
});

const depth = (name: string, title: string, student_hidden_dims: number[]) => (m: number) => ({
  name: `${name}_m${m}`, title: `${title}, m = ${m}`,
  values: { m, student_hidden_dims, teacher_init: HEADS_SHARED, student_init: `${student_hidden_dims.map(() => 'random,').join('')}A,A` },
});

const convolutional = (m: number) => ({
  name: `mlp_teacher_cnn_student_m${m}`, title: `convolutional student, m = ${m}`,
  values: {
    m, teacher_hidden_dims: [256, 256, 256], student_type: 'cnn', student_init: 'conv1:random,conv2:random,fc1:random,class_head:A,aux_head:A', noise_dist: 'perlin', perlin_res: 8,
    student_arch_spec: [convolution('conv1', 32, 2), convolution('conv2', 128, 4), { name: 'fc1', type: 'linear', out_features: 256, activation: 'relu' }],
  },
});

const sideBySide = ['student_minus_one_layer_m10', 'student_minus_one_layer_m50', 'student_plus_one_layer_m10', 'student_plus_one_layer_m50', 'mlp_teacher_cnn_student_m10', 'mlp_teacher_cnn_student_m50'];

export const figure3 = {
  name: 'figure3',
  title: 'Class counts and architectures',
  note: 'The heads are shared, every hidden layer of the student is random. The convolutional student learns on Perlin noise of resolution 8.',
  conditions: [
    {
      name: 'emnist_sweep', title: 'EMNIST balanced, m = 50', axes: [{ name: 'class_count', values: { rule: 'range', from: 2, to: 47 } }],
      values: { dataset: 'emnist', emnist_split: 'balanced', m: 50, student_init: HEADS_SHARED },
    },
    ...BOTH.map(firstWidth),
    ...BOTH.map(depth('student_minus_one_layer', 'one layer less', [256])),
    ...BOTH.map(depth('student_plus_one_layer', 'one layer more', [256, 256, 256])),
    ...BOTH.map(convolutional),
  ],
  figures: [
    {
      name: 'classes', title: 'Accuracy against the number of classes', conditions: ['emnist_sweep'], axis: 'class_count', x_label: 'Classes',
      measures: ['teacher_final_acc', 'student_final_acc'], chance: true,
    },
    {
      name: 'first_width', title: "Student accuracy against its first layer's width", conditions: BOTH.map((m) => `student_first_layer_d_sweep_m${m}`),
      axis: 'first_width', x_label: 'Width of the first hidden layer', x_scale: 'log', measures: ['student_final_acc'], y_label: 'Student test accuracy', chance: true,
    },
    { name: 'architectures', title: 'Students of another architecture', kind: 'points', conditions: sideBySide, measures: ['teacher_final_acc', 'student_final_acc'], chance: true },
  ],
};
