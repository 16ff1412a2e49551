-- NOTE and NOTE_NLP of the OMOP Common Data Model 5.4, for DuckDB. Columns, types and which of them are required are those of
-- the specification (https://ohdsi.github.io/CommonDataModel/cdm54.html). DuckDB takes longer texts than VARCHAR(n) allows:
-- the checks refuse them.

CREATE TABLE note (
    note_id                     INTEGER NOT NULL PRIMARY KEY,
    person_id                   INTEGER NOT NULL,
    note_date                   DATE NOT NULL,
    note_datetime               TIMESTAMP,
    note_type_concept_id        INTEGER NOT NULL,
    note_class_concept_id       INTEGER NOT NULL,
    note_title                  VARCHAR(250) CHECK (length(note_title) <= 250),
    note_text                   TEXT NOT NULL,
    encoding_concept_id         INTEGER NOT NULL,
    language_concept_id         INTEGER NOT NULL,
    provider_id                 INTEGER,
    visit_occurrence_id         INTEGER,
    visit_detail_id             INTEGER,
    note_source_value           VARCHAR(50) CHECK (length(note_source_value) <= 50),
    note_event_id               INTEGER,
    note_event_field_concept_id INTEGER
);

CREATE TABLE note_nlp (
    note_nlp_id                INTEGER NOT NULL PRIMARY KEY,
    note_id                    INTEGER NOT NULL REFERENCES note (note_id),
    section_concept_id         INTEGER,
    snippet                    VARCHAR(250) CHECK (length(snippet) <= 250),
    "offset"                   VARCHAR(50) CHECK (length("offset") <= 50),
    lexical_variant            VARCHAR(250) NOT NULL CHECK (length(lexical_variant) <= 250),
    note_nlp_concept_id        INTEGER,
    note_nlp_source_concept_id INTEGER,
    nlp_system                 VARCHAR(250) CHECK (length(nlp_system) <= 250),
    nlp_date                   DATE NOT NULL,
    nlp_datetime               TIMESTAMP,
    term_exists                VARCHAR(1) CHECK (length(term_exists) <= 1),
    term_temporal              VARCHAR(50) CHECK (length(term_temporal) <= 50),
    term_modifiers             VARCHAR(2000) CHECK (length(term_modifiers) <= 2000)
);

-- Not OMOP's: which of our patients and reports a number stands for, to be joined with PERSON and with the reports.
CREATE TABLE reportsup_person (person_id INTEGER NOT NULL PRIMARY KEY, patient_id VARCHAR NOT NULL);
CREATE TABLE reportsup_note (note_id INTEGER NOT NULL PRIMARY KEY, report_id VARCHAR NOT NULL);
