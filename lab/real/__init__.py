"""The real ingredients: kernels that boot, OpenZFS built by the recipe, machines in QEMU."""
