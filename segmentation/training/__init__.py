"""Training: networks by name, crops that never claim more than is true, two stages, run folders that resume.

data = TrainingData(plan, train_cases, validation_cases)
run = train(Path("runs/liver"), TrainingConfig(), data)
"""
