"""Names by which an IREE module says that it runs between fences, in the caller's buffers."""

FLAG = "--iree-torch-externalize-transients"  # lets the caller allocate the transients
SUFFIX = "$async"  # of the function with fences, which the compiler adds for each function
# What owned_buffers.py and the compiler write into its reflection.
RESULT, TRANSIENTS = "ludus.result", "iree.abi.transients.size.constant"
