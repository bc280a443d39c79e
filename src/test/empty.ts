// Stands for style sheets and images.
export default '';
