"""A traced PyTorch model, call by call, as an ANN.

`converters.intake.export_torch` records the calls; this package gives each a meaning and imports
nothing of PyTorch. A function, a method and a module that do the same are one handler here,
named and with parameters as in ``torch.nn.functional``.
"""
