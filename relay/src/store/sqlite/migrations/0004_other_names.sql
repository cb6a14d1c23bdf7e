-- Platforms may call one visitor by several names: a phone number and an id of the business.
CREATE TABLE other_name (channel TEXT NOT NULL, platform_id TEXT NOT NULL, visitor INTEGER NOT NULL,
    PRIMARY KEY (channel, platform_id)) WITHOUT ROWID;
CREATE INDEX other_name_of_visitor ON other_name (visitor);
