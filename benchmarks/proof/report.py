def write_report(results, docs):
    print(results, docs)
