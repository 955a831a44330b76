"""An exact ALU inside a transformer: mechanisms, the arms that show whether they are used, and the tool for models of others.

tasks.py, templates.py, text.py, batches.py: what is asked. transformer.py: the model. pointer.py with reading.py, carries.py,
pairs.py, straight_through.py, alu.py, gates.py: our mechanism. replica.py: the published one. arms.py, system.py, training.py,
evaluation.py: the arms. injection.py: the same mechanism in models of Hugging Face. run.py, evidence.py, controls.py,
statistics.py: the experiment.
"""
