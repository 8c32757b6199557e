from .sampling import sample_function as sample_function
