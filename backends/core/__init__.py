"""What all machines share: the instruction table, the toolchain, the environment of a program, soft programs."""
